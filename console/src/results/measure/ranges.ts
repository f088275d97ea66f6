/** How far back a trend reaches, by its grain. Pure. */
export const GRAINS = ["day", "week", "month", "quarter", "year"] as const;
export type Grain = (typeof GRAINS)[number];
const BACK: Record<Grain, number> = { day: 1, week: 6, month: 12, quarter: 36, year: 60 }; // months

export function isGrain(text: string | undefined): text is Grain {
  return GRAINS.includes(text as Grain);
}

/** `to`: the day after the last one. `from`: the beginning of the first bucket that many months earlier. */
export function rangeTo(to: string, grain: Grain): { from: string; to: string } {
  const [year = 0, month = 1, day = 1] = to.split("-").map(Number);
  const start = new Date(Date.UTC(year, month - 1 - BACK[grain], grain === "day" ? day : 1));
  if (grain === "quarter") start.setUTCMonth(start.getUTCMonth() - (start.getUTCMonth() % 3));
  if (grain === "year") start.setUTCMonth(0);
  return { from: start.toISOString().slice(0, 10), to };
}
