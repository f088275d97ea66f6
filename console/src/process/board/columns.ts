/** The columns of a board: those of the blueprint in their order, and what is known of each. */
import type { BoardColumn, Deal } from "@/api/shapes";

export const SORTS = ["stage_entered_at", "-amount", "expected_close_on", "-updated"] as const;
export type Sort = (typeof SORTS)[number];

export function isSort(text: string | undefined): text is Sort {
  return (SORTS as readonly (string | undefined)[]).includes(text);
}

/** Closed deals are read latest first, whatever the order of the open ones. */
export function columnSort(column: BoardColumn, sort: Sort): string {
  return column.type === "open" || column.type === undefined ? sort : "-closed_on";
}

export function ordered(columns: readonly BoardColumn[]): BoardColumn[] {
  return [...columns].sort((a, b) => (a.order ?? 1_000) - (b.order ?? 1_000));
}

/** Sums per currency over several columns. */
export function totals(columns: readonly BoardColumn[]): { count: number; sums: { amount_minor: number; currency: string }[] } {
  const sums = new Map<string, number>();
  for (const { amount_minor, currency } of columns.flatMap((c) => c.sums)) sums.set(currency, (sums.get(currency) ?? 0) + amount_minor);
  return {
    count: columns.reduce((n, c) => n + c.count, 0),
    sums: [...sums].sort().map(([currency, amount_minor]) => ({ currency, amount_minor })),
  };
}

/** A column's deals with what was just moved: gone from where it was, on top of where it is, until the lists are read again. */
export function withMoved(stage: string, deals: readonly Deal[], moved: readonly Deal[]): Deal[] {
  if (moved.length === 0) return [...deals];
  const elsewhere = new Set(moved.map((d) => d.opportunity_id));
  const rest = deals.filter((d) => !elsewhere.has(d.opportunity_id));
  return [...moved.filter((d) => d.stage === stage), ...rest];
}
