import type { Lag } from "@/shared/api/types";

/** The topics by the lag of all services, largest first, then by name. Pure. */
export function topicsByLag(lag: Lag): string[] {
  const total = new Map<string, number>();
  for (const service of Object.values(lag.services)) {
    for (const [topic, records] of Object.entries(service.lag)) {
      total.set(topic, (total.get(topic) ?? 0) + records);
    }
  }
  return [...total].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([topic]) => topic);
}
