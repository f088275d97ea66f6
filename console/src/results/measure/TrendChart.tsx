import type { EChartsOption } from "echarts";
import { useMemo } from "react";
import type { FigureRow } from "@/api/shapes";
import { majorUnits, useFormat } from "@/format";
import { useSay } from "@/i18n";
import { Chart, chartColours } from "@/ui/Chart";
import { useScheme } from "@/frame/preferences";
import { useFigureText } from "../useFigures";

interface Props { name: string; unit: string; currency: string | null; rows: FigureRow[]; onChoose: (period: string) => void }

/** Bars for each bucket, a line for the same bucket a year earlier. Additive figures have bars, others have a line of their own. */
export function TrendChart({ name, unit, currency, rows, onChoose }: Props) {
  const t = useSay();
  const format = useFormat();
  const text = useFigureText();
  const scheme = useScheme();
  const said = JSON.stringify(rows.map((r) => [r.period, r.value, r.comparisons?.year?.value, r.target]));
  const option = useMemo<EChartsOption>(() => {
    const colours = chartColours();
    const now = new Date().toISOString().slice(0, 10); // what is still running is drawn lighter
    const scale = (value: number | null | undefined): number | null =>
      value === null || value === undefined ? null : unit === "money" && currency ? majorUnits({ amount_minor: value, currency }) : unit === "ratio" ? value * 100 : value;
    const tick = (value: number): string => format.number(value, Math.abs(value) >= 10_000 ? { notation: "compact" } : {}) + (unit === "ratio" ? "%" : "");
    const write = (value: number | null | undefined): string => (value === null || value === undefined ? "–" : text.plain(unit, value, currency));
    const smooth = unit === "ratio" || unit === "days" || unit === "score";
    const targets = rows.some((r) => r.target !== undefined);
    return {
      grid: { left: 8, right: 12, top: 36, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, textStyle: { color: colours.muted }, itemWidth: 14, itemHeight: 8 },
      tooltip: {
        trigger: "axis", confine: true,
        formatter: (found: unknown) => {
          const i = (found as { dataIndex: number }[])[0]?.dataIndex ?? 0;
          const row = rows[i];
          if (!row) return "";
          const lines = [[t("results.value"), write(row.value)], [t("results.aYearEarlier"), write(row.comparisons?.year?.value)], ...(row.target !== undefined ? [[t("results.aim"), write(row.target)]] : [])];
          return `<strong>${format.period(row.period)}</strong>${lines.map(([a, b]) => `<br/>${a}: <strong>${b}</strong>`).join("")}`;
        },
      },
      xAxis: { type: "category", data: rows.map((r) => format.period(r.period, "short")), axisLabel: { color: colours.muted, hideOverlap: true }, axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false } },
      yAxis: { type: "value", axisLabel: { color: colours.muted, formatter: tick }, splitLine: { lineStyle: { color: colours.line } } },
      series: [
        { name: currency ? t("results.thisYear", { currency }) : t("results.thisYear.plain"), type: smooth ? "line" : "bar", data: rows.map((r) => ({ value: scale(r.value) ?? "-", itemStyle: { opacity: !smooth && r.to && r.to > now ? 0.55 : 1 } })), barMaxWidth: 40, itemStyle: { borderRadius: smooth ? 0 : [3, 3, 0, 0], color: colours.mark }, symbolSize: 7, connectNulls: false },
        { name: t("results.aYearEarlier"), type: "line", data: rows.map((r) => scale(r.comparisons?.year?.value)), lineStyle: { type: "dashed", color: colours.muted, width: 2 }, itemStyle: { color: colours.muted }, symbol: "emptyCircle", symbolSize: 6 },
        ...(targets ? [{ name: t("results.aim"), type: "line" as const, step: "middle" as const, data: rows.map((r) => scale(r.target)), lineStyle: { color: colours.warn, width: 2 }, itemStyle: { color: colours.warn }, symbol: "diamond", symbolSize: 8 }] : []),
      ],
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `said` is what the rows say
  }, [said, unit, currency, t, format, scheme]);
  return <Chart option={option} height={300} label={name} onClick={({ dataIndex }) => rows[dataIndex] && onChoose(rows[dataIndex].period)} />;
}
