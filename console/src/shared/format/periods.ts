/** Periods in the API's notation: 2026, 2026-Q3, 2026-09, FY2026-Q3. `from` is inclusive, `to` exclusive. */
export const PRESETS = ["this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year"] as const;
export type Preset = (typeof PRESETS)[number];

const pad = (n: number): string => String(n).padStart(2, "0");

/** The period of a preset on a day; months count from 1. */
export function presetPeriod(preset: Preset, day: { year: number; month: number }): string {
  const back = preset.startsWith("last") ? 1 : 0;
  if (preset.endsWith("year")) return String(day.year - back);
  if (preset.endsWith("quarter")) {
    const quarters = day.year * 4 + Math.ceil(day.month / 3) - 1 - back;
    return `${Math.floor(quarters / 4)}-Q${(quarters % 4) + 1}`;
  }
  const months = day.year * 12 + day.month - 1 - back;
  return `${Math.floor(months / 12)}-${pad((months % 12) + 1)}`;
}

export function today(): { year: number; month: number } {
  const now = new Date();
  return { year: now.getFullYear(), month: now.getMonth() + 1 };
}

export interface Span {
  from: string;
  to: string;
}

/** The days of a calendar period; null for others (fiscal periods, weeks), which only the API can resolve. */
export function spanOf(period: string): Span | null {
  const match = /^(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?$/.exec(period);
  if (!match) return null;
  const year = Number(match[1]);
  const start = match[2] ? (Number(match[2]) - 1) * 3 : match[3] ? Number(match[3]) - 1 : 0;
  const end = year * 12 + start + (match[2] ? 3 : match[3] ? 1 : 12);
  return { from: `${year}-${pad(start + 1)}-01`, to: `${Math.floor(end / 12)}-${pad((end % 12) + 1)}-01` };
}

/** The months, quarters and years before those of the presets, latest first. */
export function earlierPeriods(day: { year: number; month: number }): {
  months: string[];
  quarters: string[];
  years: string[];
} {
  const month = day.year * 12 + day.month - 1;
  const quarter = Math.floor(month / 3);
  const countdown = (n: number, count: number): number[] => Array.from({ length: count }, (_, i) => n - 2 - i);
  return {
    months: countdown(month, 11).map((m) => `${Math.floor(m / 12)}-${pad((m % 12) + 1)}`),
    quarters: countdown(quarter, 6).map((q) => `${Math.floor(q / 4)}-Q${(q % 4) + 1}`),
    years: countdown(day.year, 2).map(String),
  };
}

/** "November 2026", "Q4 2026", "2026年第4季度"; other periods keep the API's notation. */
export function formatPeriod(period: string, locale: string, month: "long" | "short" = "long"): string {
  const [, year = "", quarter] = /^(\d{4})-Q([1-4])$/.exec(period) ?? [];
  if (quarter) return locale.startsWith("zh") ? `${year}年第${quarter}季度` : `Q${quarter} ${year}`;
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(period)) {
    return new Intl.DateTimeFormat(locale, { year: "numeric", month, timeZone: "UTC" }).format(
      new Date(`${period}-01T00:00:00Z`),
    );
  }
  return /^\d{4}$/.test(period) && locale.startsWith("zh") ? `${period}年` : period;
}
