/** Periods as the API names them: 2026, 2026-Q3, 2026-09, FY2026-Q3; `from` inclusive, `to` exclusive. */
export const PRESETS = ["this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year"] as const;
export type Preset = (typeof PRESETS)[number];

const two = (n: number): string => String(n).padStart(2, "0");

/** The period that a preset names on this day. `day`: year, month 1–12. */
export function presetPeriod(preset: Preset, day: { year: number; month: number }): string {
  const back = preset.startsWith("last") ? 1 : 0;
  if (preset.endsWith("year")) return String(day.year - back);
  if (preset.endsWith("quarter")) {
    const quarters = day.year * 4 + Math.ceil(day.month / 3) - 1 - back;
    return `${Math.floor(quarters / 4)}-Q${(quarters % 4) + 1}`;
  }
  const months = day.year * 12 + day.month - 1 - back;
  return `${Math.floor(months / 12)}-${two((months % 12) + 1)}`;
}

export function today(): { year: number; month: number } {
  const now = new Date();
  return { year: now.getFullYear(), month: now.getMonth() + 1 };
}

export interface Span { from: string; to: string }

/** First day and the day after the last one, of a calendar period; null for one whose days only the server knows. */
export function spanOf(period: string): Span | null {
  const found = /^(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?$/.exec(period);
  if (!found) return null;
  const year = Number(found[1]);
  const start = found[2] ? (Number(found[2]) - 1) * 3 : found[3] ? Number(found[3]) - 1 : 0;
  const end = year * 12 + start + (found[2] ? 3 : found[3] ? 1 : 12);
  return { from: `${year}-${two(start + 1)}-01`, to: `${Math.floor(end / 12)}-${two((end % 12) + 1)}-01` };
}

/** The months, quarters and years before those that the presets name, the latest first. */
export function earlier(day: { year: number; month: number }): { months: string[]; quarters: string[]; years: string[] } {
  const month = day.year * 12 + day.month - 1;
  const quarter = Math.floor(month / 3);
  const down = (n: number, count: number): number[] => Array.from({ length: count }, (_, i) => n - 2 - i);
  return {
    months: down(month, 11).map((m) => `${Math.floor(m / 12)}-${two((m % 12) + 1)}`),
    quarters: down(quarter, 6).map((q) => `${Math.floor(q / 4)}-Q${(q % 4) + 1}`),
    years: down(day.year, 2).map(String),
  };
}

/** "November 2026", "Q4 2026", "2026年第4季度"; a period that the calendar does not know keeps its name. */
export function writePeriod(period: string, locale: string, month: "long" | "short" = "long"): string {
  const [, year = "", quarter] = /^(\d{4})-Q([1-4])$/.exec(period) ?? [];
  if (quarter) return locale.startsWith("zh") ? `${year}年第${quarter}季度` : `Q${quarter} ${year}`;
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(period)) {
    return new Intl.DateTimeFormat(locale, { year: "numeric", month, timeZone: "UTC" }).format(new Date(`${period}-01T00:00:00Z`));
  }
  return /^\d{4}$/.test(period) && locale.startsWith("zh") ? `${period}年` : period;
}
