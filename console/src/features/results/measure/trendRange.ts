/** The range of a trend, by its grain. Pure. */
export const GRAINS = ["day", "week", "month", "quarter", "year"] as const;
export type Grain = (typeof GRAINS)[number];
const MONTHS_BACK: Record<Grain, number> = { day: 1, week: 6, month: 12, quarter: 36, year: 60 };

export function isGrain(text: string): text is Grain {
  return GRAINS.some((grain) => grain === text);
}

/** `to` is exclusive; `from` is the first day of a bucket. */
export function trendRange(to: string, grain: Grain): { from: string; to: string } {
  const [year = 0, month = 1, day = 1] = to.split("-").map(Number);
  const from = new Date(Date.UTC(year, month - 1 - MONTHS_BACK[grain], grain === "day" ? day : 1));
  if (grain === "quarter") from.setUTCMonth(from.getUTCMonth() - (from.getUTCMonth() % 3));
  if (grain === "year") from.setUTCMonth(0);
  return { from: from.toISOString().slice(0, 10), to };
}
