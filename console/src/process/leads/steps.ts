import type { Contribution } from "@/api/shapes";

export interface Step extends Contribution { from: number }

/** Where each bar begins, and the span that all of them need. A bar that takes away begins at its lower end. */
export function steps(contributions: readonly Contribution[]): { rows: Step[]; low: number; high: number } {
  let at = 0, low = 0, high = 0;
  const rows = contributions.map((c) => {
    const before = at;
    at += c.points;
    low = Math.min(low, at);
    high = Math.max(high, at);
    return { ...c, from: Math.min(before, at) };
  });
  return { rows, low, high };
}
