/** The modules of ECharts that the console uses. */
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, SVGRenderer]);

type Colours = Record<"text" | "muted" | "line" | "accent" | "mark" | "good" | "warn" | "bad" | "surface", string>;
type OnClick = (point: { dataIndex: number; seriesIndex?: number; name: string }) => void;

/** Renders into the element and follows its size; returns a function that removes the chart. */
export function renderChart(
  element: HTMLElement,
  option: EChartsCoreOption,
  colours: Colours,
  onClick: OnClick,
): () => void {
  const chart = init(element, null, { renderer: "svg" });
  const font = getComputedStyle(document.body).fontFamily;
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  chart.setOption({
    animation: !reducedMotion,
    animationDuration: 250,
    color: [colours.mark, colours.good, colours.warn, colours.bad, colours.muted],
    textStyle: { color: colours.text, fontFamily: font },
    tooltip: {
      confine: true,
      backgroundColor: colours.surface,
      borderColor: colours.line,
      borderRadius: 8,
      padding: [8, 12],
      textStyle: { color: colours.text, fontSize: 13 },
    },
    ...option,
  });
  chart.on("click", (event) =>
    onClick({ dataIndex: event.dataIndex, seriesIndex: event.seriesIndex, name: event.name }),
  );
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(element);
  return () => {
    observer.disconnect();
    chart.dispose();
  };
}
