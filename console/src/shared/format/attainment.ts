/** The status of a target, from its attainment and the share of the period that is over. Pure. */
import type { Better } from "@/shared/api/types";

export type AttainmentStatus =
  | "reached"
  | "ahead"
  | "close"
  | "behind"
  | "missed"
  | "unknown"
  | "below"
  | "within"
  | "over";

const CLOSE_TO_PACE = 0.9; // with 90 % of the pace the target can still be reached

/**
 * `elapsed` is the share of the period that is over, derived from pace = attainment ÷ elapsed. A measure that does not
 * accumulate over the period (a rate, a median) has no pace. Where lower is better, the target is an upper limit.
 */
export function attainmentState(
  attainment: number | null | undefined,
  pace: unknown,
  { better = "higher", cumulative = true }: { better?: Better; cumulative?: boolean } = {},
): { status: AttainmentStatus; elapsed: number | null } {
  if (attainment === null || attainment === undefined) return { status: "unknown", elapsed: null };
  if (better === "lower") return { status: attainment <= 1 ? "within" : "over", elapsed: null };
  if (!cumulative) return { status: attainment >= 1 ? "reached" : "below", elapsed: null };
  const relative = typeof pace === "number" ? pace : null;
  const elapsed = relative && attainment ? Math.min(1, attainment / relative) : null;
  if (attainment >= 1) return { status: "reached", elapsed };
  if (relative === null) return { status: "unknown", elapsed };
  if (elapsed !== null && elapsed > 0.9999) return { status: "missed", elapsed };
  return { status: relative >= 1 ? "ahead" : relative >= CLOSE_TO_PACE ? "close" : "behind", elapsed };
}
