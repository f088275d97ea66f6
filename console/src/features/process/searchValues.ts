/** The values that search parameters of this feature's pages can have. */
export const DEAL_SORTS = ["stage_entered_at", "-amount", "expected_close_on", "-updated"] as const;
export type DealSort = (typeof DEAL_SORTS)[number];

export const LEAD_STATUSES = ["open", "qualified", "converted", "lost", "merged"] as const;
export const LEAD_SORTS = ["-score", "-captured_at", "captured_at", "score"] as const;

export const FUNNEL_MODES = ["cohort", "throughput"] as const;
