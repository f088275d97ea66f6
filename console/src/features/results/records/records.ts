/** The facts behind a figure. Pure. */
import type { FactRecord } from "@/shared/api/types";

export interface Contribution {
  amount: number;
  n: number;
  currency: string | null;
}

/** What a fact contributes to a figure; of several contributions (numerator and denominator) the largest. */
export function contribution(fact: FactRecord): Contribution {
  const [largest] = [...fact.counts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const { sum = 0, n = 0 } = largest ?? {};
  return { amount: sum || n, n, currency: sum ? (largest?.dimensions.currency ?? null) : null };
}

/** `region:West` → ["region", "West"]; the label may contain a colon. */
export function splitCondition(condition: string): [dimension: string, label: string] {
  const at = condition.indexOf(":");
  return at < 0 ? [condition, ""] : [condition.slice(0, at), condition.slice(at + 1)];
}
