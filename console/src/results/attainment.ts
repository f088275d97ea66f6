/** How a target stands: attainment against the share of the time that is past. Pure. */
import type { Wanted } from "./figures";

export type AimedName = "reached" | "ahead" | "close" | "behind" | "missed" | "unknown" | "below" | "within" | "over";

const CLOSE = 0.9; // at nine tenths of the pace it can still be reached by a good finish

/**
 * `past`: the share of the period that is over, as the API's pace implies it (pace = attainment ÷ past). What does not
 * grow with the days (a rate, a median) has no pace; of what should be little, the target is a limit.
 */
export function aimed(attainment: number | null | undefined, pace: unknown, { wanted = "more", grows = true }: { wanted?: Wanted; grows?: boolean } = {}): { name: AimedName; past: number | null } {
  if (attainment === null || attainment === undefined) return { name: "unknown", past: null };
  if (wanted === "less") return { name: attainment <= 1 ? "within" : "over", past: null };
  if (!grows) return { name: attainment >= 1 ? "reached" : "below", past: null };
  const speed = typeof pace === "number" ? pace : null;
  const past = speed && attainment ? Math.min(1, attainment / speed) : null;
  if (attainment >= 1) return { name: "reached", past };
  if (speed === null) return { name: "unknown", past };
  if (past !== null && past > 0.9999) return { name: "missed", past };
  return { name: speed >= 1 ? "ahead" : speed >= CLOSE ? "close" : "behind", past };
}
