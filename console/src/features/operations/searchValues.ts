/** The values that search parameters of this feature's pages can have. */
export const DEAD_LETTER_STATUSES = ["open", "replayed", "discarded", "all"] as const;

export const AUDIT_OUTCOMES = ["done", "refused", "failed"] as const;
