/** The columns of the deal board: their order, their sums, and the order of the deals in them. Pure. */
import type { BoardColumn, Deal } from "@/shared/api/types";
import type { DealSort } from "../searchValues";

/** Closed deals are always sorted by their day of closing, latest first. */
export function columnSort(column: BoardColumn, sort: DealSort): string {
  return column.type === "open" || column.type === undefined ? sort : "-closed_on";
}

/** In the order of the blueprint; stages that only earlier versions have come last. */
export function orderColumns(columns: readonly BoardColumn[]): BoardColumn[] {
  return [...columns].sort((a, b) => (a.order ?? 1_000) - (b.order ?? 1_000));
}

/** Number and sums by currency over several columns. */
export function totals(columns: readonly BoardColumn[]): {
  count: number;
  sums: { amount_minor: number; currency: string }[];
} {
  const sums = new Map<string, number>();
  for (const { amount_minor, currency } of columns.flatMap((column) => column.sums)) {
    sums.set(currency, (sums.get(currency) ?? 0) + amount_minor);
  }
  return {
    count: columns.reduce((count, column) => count + column.count, 0),
    sums: [...sums].sort().map(([currency, amount_minor]) => ({ currency, amount_minor })),
  };
}

/** The deals of a stage with those just moved: removed from the stage they left, on top of the one they entered. */
export function withMovedDeals(stage: string, deals: readonly Deal[], moved: readonly Deal[]): Deal[] {
  const movedIds = new Set(moved.map((deal) => deal.opportunity_id));
  const others = deals.filter((deal) => !movedIds.has(deal.opportunity_id));
  return [...moved.filter((deal) => deal.stage === stage), ...others];
}
