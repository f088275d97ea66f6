/** Instants in the user's time zone; business days have none and stay as they are. */
export type Instant = string;

function dateFormat(options: Intl.DateTimeFormatOptions, locale: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, options);
}

/** "26 Nov 2026, 14:05" in the user's time zone. */
export function formatInstant(at: Instant, locale: string, timeZone?: string): string {
  return dateFormat({ dateStyle: "medium", timeStyle: "short", timeZone }, locale).format(new Date(at));
}

/** A business day, 2026-11-26: the same in every time zone. */
export function formatDay(day: string, locale: string): string {
  return dateFormat({ dateStyle: "medium", timeZone: "UTC" }, locale).format(new Date(`${day.slice(0, 10)}T00:00:00Z`));
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 days ago", "in 2 hours"; whole units, rounded towards zero. */
export function formatRelative(at: Instant, now: number, locale: string): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale, {
    numeric: unit === "year" || unit === "month" ? "always" : "auto",
  }).format(Math.trunc(seconds / size), unit);
}

/** "5d 3h": the two largest units, rounded down. */
export function formatDuration(seconds: number, locale: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units: [string, number][] = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  const at = units.findIndex(([, size]) => whole >= size);
  if (at < 0) return unit(0, "minute", locale);
  const first = units[at];
  const second = units[at + 1];
  if (!first) return "";
  const rest = second ? Math.floor((whole % first[1]) / second[1]) : 0;
  return (
    unit(Math.floor(whole / first[1]), first[0], locale) + (second && rest ? ` ${unit(rest, second[0], locale)}` : "")
  );
}

function unit(value: number, name: string, locale: string): string {
  return new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" }).format(value);
}
