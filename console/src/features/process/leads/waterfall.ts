import type { Contribution } from "@/shared/api/types";

export interface WaterfallStep extends Contribution {
  /** The lower end of the bar. */
  from: number;
}

/** The bars of a waterfall chart, each beginning where the previous one ended, and the range of all of them. Pure. */
export function waterfallSteps(contributions: readonly Contribution[]): {
  rows: WaterfallStep[];
  low: number;
  high: number;
} {
  let total = 0;
  let low = 0;
  let high = 0;
  const rows = contributions.map((contribution) => {
    const before = total;
    total += contribution.points;
    low = Math.min(low, total);
    high = Math.max(high, total);
    return { ...contribution, from: Math.min(before, total) };
  });
  return { rows, low, high };
}
