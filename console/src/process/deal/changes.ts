/** What a revision changed: the values before and after, of the fields that a reader knows. */
import type { Deal, HistoryRow } from "@/api/shapes";

export interface Change { field: string; before: unknown; after: unknown }

const TOLD: (keyof Deal)[] = ["amount", "expected_close_on", "rep_id", "customer_id", "region", "team", "forecast_category", "deal_kind", "product_id"];

export function changesOf(row: HistoryRow): Change[] {
  const after = row.data.opportunity as Record<string, unknown> | undefined;
  const before = row.data.before as Record<string, unknown> | undefined;
  if (!after || !before) return [];
  return TOLD.filter((name) => JSON.stringify(before[name] ?? null) !== JSON.stringify(after[name] ?? null))
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }));
}

export function text(row: HistoryRow, name: string): string | null {
  const value = row.data[name];
  return typeof value === "string" ? value : null;
}
