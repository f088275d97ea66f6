/** What a revision of a deal changed: the values before and after. Pure. */
import type { HistoryRow } from "@/shared/api/types";

const TRACKED_FIELDS = [
  "amount",
  "expected_close_on",
  "rep_id",
  "customer_id",
  "region",
  "team",
  "forecast_category",
  "deal_kind",
  "product_id",
] as const;
export type TrackedField = (typeof TRACKED_FIELDS)[number];

export interface Change {
  field: TrackedField;
  before: unknown;
  after: unknown;
}

export function changesOf(row: HistoryRow): Change[] {
  const after = row.data.opportunity as Record<string, unknown> | undefined;
  const before = row.data.before as Record<string, unknown> | undefined;
  if (!after || !before) return [];
  return TRACKED_FIELDS.map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null })).filter(
    (change) => JSON.stringify(change.before) !== JSON.stringify(change.after),
  );
}

export function stringField(row: HistoryRow, name: string): string | null {
  const value = row.data[name];
  return typeof value === "string" ? value : null;
}

/** The stage in which a deal was opened. */
export function openedStage(row: HistoryRow): string {
  const deal = row.data.opportunity as { stage?: string } | undefined;
  return deal?.stage ?? "";
}
