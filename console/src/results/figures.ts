/** Figures as they are told: what a row is worth, how it has changed, which of its labels say what. Pure. */
import type { Comparison, FigureRow } from "@/api/shapes";

export type Direction = "up" | "down" | "same" | "unknown";

/** Whether more is better: decides the tone of a change, never its arrow or words. */
export type Wanted = "more" | "less" | "neither";
const LESS = new Set(["cycle_days", "cycle_days_won", "opportunities_lost", "leads_lost", "refunds", "sla_breaches", "dwell_days"]);
const NEITHER = new Set(["surveys_invited", "open_pipeline", "stage_exits"]);

export function wantedOf(measure: string): Wanted {
  return LESS.has(measure) ? "less" : NEITHER.has(measure) ? "neither" : "more";
}

export function directionOf(comparison: Comparison | undefined): Direction {
  if (comparison?.change === null || comparison?.change === undefined) return "unknown";
  return comparison.change > 0 ? "up" : comparison.change < 0 ? "down" : "same";
}

export function toneOf(direction: Direction, wanted: Wanted): "good" | "bad" | undefined {
  if (wanted === "neither" || direction === "same" || direction === "unknown") return undefined;
  return (direction === "up") === (wanted === "more") ? "good" : "bad";
}

/** The row's labels without the currency, in the order in which they were asked for. */
export function labelsOf(row: FigureRow): [string, string | null][] {
  return Object.entries(row.dimensions).filter(([name]) => name !== "currency");
}

export function currencyOf(row: FigureRow): string | null {
  return row.dimensions.currency ?? null;
}

export function keyOf(row: FigureRow): string {
  return JSON.stringify([row.period, row.dimensions]);
}

/** The biggest first; those without a value last. Different currencies stay apart: they cannot be compared. */
export function byValue(rows: readonly FigureRow[]): FigureRow[] {
  return [...rows].sort((a, b) => (currencyOf(a) ?? "").localeCompare(currencyOf(b) ?? "")
    || Number(a.value === null) - Number(b.value === null) || (b.value ?? 0) - (a.value ?? 0) || keyOf(a).localeCompare(keyOf(b)));
}

/** The currencies that occur, each once; `[null]` for what is no money. */
export function currencies(rows: readonly FigureRow[]): (string | null)[] {
  return [...new Set(rows.map(currencyOf))];
}

/** The longest bar per currency: a yen is not compared with a euro. */
export function peaks(rows: readonly FigureRow[]): Map<string | null, number> {
  const found = new Map<string | null, number>();
  for (const row of rows) found.set(currencyOf(row), Math.max(found.get(currencyOf(row)) ?? 0, Math.abs(row.value ?? 0)));
  return found;
}

/** `where` of a row: its own labels beside the filters that it was asked with. */
export function whereOf(row: FigureRow, filters: readonly string[]): string[] {
  const own = Object.entries(row.dimensions).map(([name, label]) => `${name}:${label ?? ""}`);
  return [...new Set([...filters, ...own])];
}

/** The twelve months up to and with the month in which the day before `to` lies: `from` and `to` for the API. */
export function yearTo(to: string): { from: string; to: string } {
  const [year = 0, month = 1] = to.split("-").map(Number);
  return { from: `${year - 1}-${String(month).padStart(2, "0")}-01`, to };
}
