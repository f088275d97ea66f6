/** What services have not yet processed. Pure. */
import type { Lag } from "@/api/shapes";

/** Topics, those with the most waiting records first, then by name. */
export function busiest(lag: Lag): string[] {
  const waiting = new Map<string, number>();
  for (const service of Object.values(lag.services)) for (const [topic, n] of Object.entries(service.lag)) waiting.set(topic, (waiting.get(topic) ?? 0) + n);
  return [...waiting].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([topic]) => topic);
}
