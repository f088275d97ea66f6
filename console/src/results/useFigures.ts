/** Words for figures: values in their unit, changes with sign and share, names of labels. */
import { useLines, useRepName } from "@/api/names";
import type { Comparison, FigureRow } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { usePipelines, useStageTitles } from "@/process/stages";
import { currencyOf } from "./figures";

export type Unit = "money" | "count" | "days" | "ratio" | "score" | (string & {});

export function useFigureText() {
  const t = useSay();
  const format = useFormat();
  const plain = (unit: Unit, value: number, currency: string | null, { compact = false, signed = false } = {}): string => {
    const sign = signed && value > 0 ? "+" : "";
    if (unit === "money") return currency ? sign + format.money({ amount_minor: Math.round(value), currency }, compact) : sign + format.number(value);
    if (unit === "ratio") return format.ratio(value, signed);
    if (unit === "days") return sign + t("unit.days", { n: value });
    return sign + format.number(value, compact && Math.abs(value) >= 100_000 ? { notation: "compact" } : {});
  };
  const value = (unit: Unit, row: FigureRow, compact = false): string =>
    row.value === null ? "–" : plain(unit, row.value, currencyOf(row), { compact, signed: unit === "score" });
  /** "+12.3 %", for ratios "+2.1 points": how much it has changed, relative to the base. */
  const growth = (unit: Unit, c: Comparison, currency: string | null): string => {
    if (c.change === null) return t(c.reason === "no_base" ? "results.change.no_base" : "results.change.no_value");
    if (unit === "ratio") return t("results.points", { points: format.number(c.points ?? 0, { signDisplay: "exceptZero" }) });
    if (unit === "score") return t("results.points", { points: format.number(c.change, { signDisplay: "exceptZero" }) });
    if (c.growth === null) return c.change === 0 ? t("results.change.none") : `${plain(unit, c.change, currency, { compact: true, signed: true })}`;
    return c.growth >= 10 ? `× ${format.number(c.growth + 1)}` : format.ratio(c.growth, true);
  };
  return { plain, value, growth };
}

/** What a dimension is called, and what its labels are. */
export function useLabels(rows: readonly FigureRow[] = []): { dimension: (name: string) => string; label: (name: string, label: string | null) => string } {
  const t = useSay();
  const repName = useRepName();
  const lines = useLines();
  const pipelines = usePipelines();
  const stage = useStageTitles([...new Set(rows.map((r) => r.dimensions.pipeline).filter((p): p is string => Boolean(p)))]);
  return {
    dimension: (name) => (isKey(`dimension.${name}`) ? t(`dimension.${name}` as never) : name),
    label: (name, label) => {
      if (label === null) return t("results.nobody");
      if (name === "rep") return repName(label);
      if (name === "business_line") return lines.find((l) => l.value === label)?.label ?? label;
      if (name === "pipeline") return pipelines.find((p) => p.name === label)?.label ?? label;
      if (name === "stage") {
        const of = rows.find((r) => r.dimensions.stage === label && r.dimensions.pipeline)?.dimensions.pipeline;
        return of ? stage(of, label) : label;
      }
      return label;
    },
  };
}
