import type { EChartsOption, SeriesOption } from "echarts";
import { useMemo } from "react";
import type { FigureRow } from "@/shared/api/types";
import { majorUnits, useFormat } from "@/shared/format";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTranslate } from "@/shared/i18n";
import { useColourScheme } from "@/shared/preferences";
import { Chart, chartColours } from "@/shared/ui/Chart";

const COMPACT_FROM = 10_000;
const RUNNING_OPACITY = 0.55;

interface Props {
  name: string;
  unit: string;
  currency: string | null;
  rows: FigureRow[];
  onSelect: (period: string) => void;
}

/** Bars (a line for ratios, days and scores), with a dashed line for a year ago and a stepped one for the target. */
export function TrendChart({ name, unit, currency, rows, onSelect }: Props) {
  const t = useTranslate();
  const format = useFormat();
  const figureFormat = useFigureFormat();
  const scheme = useColourScheme();
  // the chart is redrawn when its data change, not with every refetch
  const data = JSON.stringify(rows.map((row) => [row.period, row.value, row.comparisons?.year?.value, row.target]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `data` covers the rows, `scheme` the colours
  const option = useMemo<EChartsOption>(() => {
    const colours = chartColours();
    const today = new Date().toISOString().slice(0, 10);
    const asLine = unit === "ratio" || unit === "days" || unit === "score";
    const hasTarget = rows.some((row) => row.target !== undefined);
    const scale = (value: number | null | undefined): number | null => {
      if (value === null || value === undefined) return null;
      if (unit === "money" && currency) return majorUnits({ amount_minor: value, currency });
      return unit === "ratio" ? value * 100 : value;
    };
    const axisLabel = (value: number): string => {
      const number = format.number(value, Math.abs(value) >= COMPACT_FROM ? { notation: "compact" } : {});
      return unit === "ratio" ? `${number}%` : number;
    };
    const show = (value: number | null | undefined): string =>
      value === null || value === undefined ? "–" : figureFormat.plain(unit, value, currency);
    const tooltip = (points: unknown): string => {
      const row = rows[(points as { dataIndex: number }[])[0]?.dataIndex ?? 0];
      if (!row) return "";
      const lines = [
        [t("results.value"), show(row.value)],
        [t("results.yearAgo"), show(row.comparisons?.year?.value)],
      ];
      if (row.target !== undefined) lines.push([t("results.targetValue"), show(row.target)]);
      const text = lines.map(([label, value]) => `<br/>${label}: <strong>${value}</strong>`).join("");
      return `<strong>${format.period(row.period)}</strong>${text}`;
    };
    const isRunning = (row: FigureRow): boolean => !asLine && row.to !== undefined && row.to > today;
    const series: SeriesOption[] = [
      {
        name: currency ? t("results.value.currency", { currency }) : t("results.value"),
        type: asLine ? "line" : "bar",
        data: rows.map((row) => ({
          value: scale(row.value) ?? "-",
          itemStyle: { opacity: isRunning(row) ? RUNNING_OPACITY : 1 },
        })),
        barMaxWidth: 40,
        itemStyle: { borderRadius: asLine ? 0 : [3, 3, 0, 0], color: colours.mark },
        symbolSize: 7,
        connectNulls: false,
      } as SeriesOption,
      {
        name: t("results.yearAgo"),
        type: "line",
        data: rows.map((row) => scale(row.comparisons?.year?.value)),
        lineStyle: { type: "dashed", color: colours.muted, width: 2 },
        itemStyle: { color: colours.muted },
        symbol: "emptyCircle",
        symbolSize: 6,
      },
    ];
    if (hasTarget) {
      series.push({
        name: t("results.targetValue"),
        type: "line",
        step: "middle",
        data: rows.map((row) => scale(row.target)),
        lineStyle: { color: colours.warn, width: 2 },
        itemStyle: { color: colours.warn },
        symbol: "diamond",
        symbolSize: 8,
      });
    }
    return {
      grid: { left: 8, right: 12, top: 36, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, textStyle: { color: colours.muted }, itemWidth: 14, itemHeight: 8 },
      tooltip: { trigger: "axis", confine: true, formatter: tooltip },
      xAxis: {
        type: "category",
        data: rows.map((row) => format.period(row.period, "short")),
        axisLabel: { color: colours.muted, hideOverlap: true },
        axisLine: { lineStyle: { color: colours.line } },
        axisTick: { show: false },
      },
      yAxis: {
        type: "value",
        axisLabel: { color: colours.muted, formatter: axisLabel },
        splitLine: { lineStyle: { color: colours.line } },
      },
      series,
    };
  }, [data, unit, currency, t, format, scheme]);
  return (
    <Chart
      option={option}
      height={300}
      label={name}
      onClick={({ dataIndex }) => {
        const row = rows[dataIndex];
        if (row) onSelect(row.period);
      }}
    />
  );
}
