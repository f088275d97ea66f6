/** Values, changes and growth of figures, formatted in their unit. */
import type { Comparison, FigureRow } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { useFormat } from "./";
import { currencyOf } from "./figures";

export type Unit = "money" | "count" | "days" | "ratio" | "score" | (string & {});

const MULTIPLE_FROM = 10; // growth of 1000 % and more is shown as a multiple

export function useFigureFormat() {
  const t = useTranslate();
  const format = useFormat();
  /** Amounts are in minor units; an amount without a currency stays a plain number. */
  const plain = (
    unit: Unit,
    value: number,
    currency: string | null,
    { compact = false, signed = false } = {},
  ): string => {
    const sign = signed && value > 0 ? "+" : "";
    if (unit === "money" && currency) {
      return sign + format.money({ amount_minor: Math.round(value), currency }, compact);
    }
    if (unit === "money") return sign + format.number(value);
    if (unit === "ratio") return format.ratio(value, signed);
    if (unit === "days") return sign + t("unit.days", { n: value });
    return sign + format.number(value, compact && Math.abs(value) >= 100_000 ? { notation: "compact" } : {});
  };
  const value = (unit: Unit, row: FigureRow, compact = false): string =>
    row.value === null ? "–" : plain(unit, row.value, currencyOf(row), { compact, signed: unit === "score" });
  /** "+12.3 %" of the base, for ratios and scores "+2.1 points". */
  const growth = (unit: Unit, comparison: Comparison, currency: string | null): string => {
    const { change, growth: relative, points, reason } = comparison;
    if (change === null) return t(reason === "no_base" ? "results.change.no_base" : "results.change.no_value");
    if (unit === "ratio" || unit === "score") {
      const difference = unit === "ratio" ? (points ?? 0) : change;
      return t(unit === "ratio" ? "results.points.ratio" : "results.points.score", {
        points: format.number(difference, { signDisplay: "exceptZero" }),
      });
    }
    if (relative === null && change === 0) return t("results.change.none");
    if (relative === null) return plain(unit, change, currency, { compact: true, signed: true });
    return relative >= MULTIPLE_FROM ? `× ${format.number(relative + 1)}` : format.ratio(relative, true);
  };
  return { plain, value, growth };
}
