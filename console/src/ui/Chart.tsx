/** ECharts, loaded when the first chart is drawn. A chart is a picture: its `label` says what it shows, a table tells the same. */
import type { EChartsOption } from "echarts";
import { useEffect, useRef } from "react";
import { usePreferences, useScheme } from "@/frame/preferences";

interface Props {
  option: EChartsOption;
  height: number;
  label: string;
  onClick?: (point: { dataIndex: number; seriesIndex?: number; name: string }) => void;
}

const token = (name: string): string => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

/** The console's own colours, as they are in the theme of this moment. */
export function chartColours() {
  return {
    text: token("--text"), muted: token("--muted"), line: token("--line"), accent: token("--accent"), mark: token("--mark"), good: token("--good"),
    warn: token("--warn"), bad: token("--bad"), surface: token("--raised"),
  };
}

export function Chart({ option, height, label, onClick }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { language } = usePreferences();
  const scheme = useScheme();
  const clicked = useRef(onClick);
  clicked.current = onClick;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let gone = false;
    let drop = (): void => {};
    void import("./echarts").then(({ draw }) => {
      if (!gone) drop = draw(element, option, chartColours(), (point) => clicked.current?.(point));
    });
    return () => {
      gone = true;
      drop();
    };
  }, [option, scheme, language]);
  return <div ref={place} className="chart" style={{ height }} role="img" aria-label={label} />;
}
