/** Rows of figures: keys, conditions, order, and the direction of a change. Pure. */
import type { Better, Comparison, FigureRow } from "@/shared/api/types";

export type Direction = "up" | "down" | "same" | "unknown";

export function directionOf(comparison: Comparison | undefined): Direction {
  if (comparison?.change === null || comparison?.change === undefined) return "unknown";
  return comparison.change > 0 ? "up" : comparison.change < 0 ? "down" : "same";
}

export function toneOf(direction: Direction, better: Better): "good" | "bad" | undefined {
  if (better === "neither" || direction === "same" || direction === "unknown") return undefined;
  return (direction === "up") === (better === "higher") ? "good" : "bad";
}

/** The row's dimensions without the currency, in the order of the request. */
export function dimensionLabels(row: FigureRow): [string, string | null][] {
  return Object.entries(row.dimensions).filter(([name]) => name !== "currency");
}

export function currencyOf(row: FigureRow): string | null {
  return row.dimensions.currency ?? null;
}

export function rowKey(row: FigureRow): string {
  return JSON.stringify([row.period, row.dimensions]);
}

/** Highest value first, rows without a value last. Currencies are sorted apart: they cannot be compared. */
export function sortByValue(rows: readonly FigureRow[]): FigureRow[] {
  return [...rows].sort(
    (a, b) =>
      (currencyOf(a) ?? "").localeCompare(currencyOf(b) ?? "") ||
      Number(a.value === null) - Number(b.value === null) ||
      (b.value ?? 0) - (a.value ?? 0) ||
      rowKey(a).localeCompare(rowKey(b)),
  );
}

/** The currencies of the rows; `[null]` for a measure that is not an amount. */
export function distinctCurrencies(rows: readonly FigureRow[]): (string | null)[] {
  return [...new Set(rows.map(currencyOf))];
}

/** The highest absolute value of each currency: the length of the longest bar. */
export function maximumByCurrency(rows: readonly FigureRow[]): Map<string | null, number> {
  const maximum = new Map<string | null, number>();
  for (const row of rows) {
    const currency = currencyOf(row);
    maximum.set(currency, Math.max(maximum.get(currency) ?? 0, Math.abs(row.value ?? 0)));
  }
  return maximum;
}

/** The conditions that select a row: its own dimensions and the filters of the request. */
export function rowConditions(row: FigureRow, filters: readonly string[]): string[] {
  const own = Object.entries(row.dimensions).map(([name, label]) => `${name}:${label ?? ""}`);
  return [...new Set([...filters, ...own])];
}

/** The twelve months up to and including the month of the day before `to`. `to` is exclusive. */
export function lastTwelveMonths(to: string): { from: string; to: string } {
  const [year = 0, month = 1] = to.split("-").map(Number);
  return { from: `${year - 1}-${String(month).padStart(2, "0")}-01`, to };
}
