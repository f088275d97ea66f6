/** ECharts, loaded with the first chart. To assistive technology a chart is an image; a table shows the same data. */
import type { EChartsOption } from "echarts";
import { useEffect, useRef } from "react";
import { useColourScheme, usePreferences } from "@/shared/preferences";

interface Props {
  option: EChartsOption;
  height: number;
  label: string;
  onClick?: (point: { dataIndex: number; seriesIndex?: number; name: string }) => void;
}

const tokenColour = (name: string): string => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

/** The colours of the current theme. */
export function chartColours() {
  return {
    text: tokenColour("--text"),
    muted: tokenColour("--muted"),
    line: tokenColour("--line"),
    accent: tokenColour("--accent"),
    mark: tokenColour("--mark"),
    good: tokenColour("--good"),
    warn: tokenColour("--warn"),
    bad: tokenColour("--bad"),
    surface: tokenColour("--raised"),
  };
}

export function Chart({ option, height, label, onClick }: Props) {
  const container = useRef<HTMLDivElement>(null);
  const { language } = usePreferences();
  const scheme = useColourScheme();
  const onClickRef = useRef(onClick);
  onClickRef.current = onClick;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours depend on the scheme, labels on the language
  useEffect(() => {
    const element = container.current;
    if (!element) return;
    let unmounted = false;
    let dispose = (): void => {};
    void import("./echarts").then(({ renderChart }) => {
      if (!unmounted) dispose = renderChart(element, option, chartColours(), (point) => onClickRef.current?.(point));
    });
    return () => {
      unmounted = true;
      dispose();
    };
  }, [option, scheme, language]);
  return <div ref={container} className="chart" style={{ height }} role="img" aria-label={label} />;
}
