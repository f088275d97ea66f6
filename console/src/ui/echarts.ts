/** Only the parts of ECharts that the console draws with. */
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, HeatmapChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, VisualMapComponent, AriaComponent, SVGRenderer]);

type Colours = Record<"text" | "muted" | "line" | "accent" | "mark" | "good" | "warn" | "bad" | "surface", string>;
type Clicked = (point: { dataIndex: number; seriesIndex?: number; name: string }) => void;

/** Draws into the element and follows its size; returns what takes it away again. */
export function draw(element: HTMLElement, option: EChartsCoreOption, colours: Colours, clicked: Clicked): () => void {
  const chart = init(element, null, { renderer: "svg" });
  const font = getComputedStyle(document.body).fontFamily;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  chart.setOption({
    animation: !calm, animationDuration: 250,
    color: [colours.mark, colours.good, colours.warn, colours.bad, colours.muted],
    textStyle: { color: colours.text, fontFamily: font },
    tooltip: { confine: true, backgroundColor: colours.surface, borderColor: colours.line, borderRadius: 8, padding: [8, 12], textStyle: { color: colours.text, fontSize: 13 } },
    ...option,
  });
  chart.on("click", (event) => clicked({ dataIndex: event.dataIndex, seriesIndex: event.seriesIndex, name: event.name }));
  const watcher = new ResizeObserver(() => chart.resize());
  watcher.observe(element);
  return () => {
    watcher.disconnect();
    chart.dispose();
  };
}
