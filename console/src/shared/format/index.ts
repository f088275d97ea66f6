import { useMemo } from "react";
import { usePreferences } from "@/shared/preferences";
import { formatMoney, formatNumber, formatRatio, type Money } from "./numbers";
import { formatPeriod } from "./periods";
import { formatDay, formatDuration, formatInstant, formatRelative } from "./times";

export type { Money } from "./numbers";
export { exponent, majorUnits, minorUnits } from "./numbers";

/** Formatters for the user's language, region and time zone. */
export function useFormat() {
  const { language } = usePreferences();
  return useMemo(() => {
    const locale = language === "zh" ? "zh-CN" : englishLocale();
    return {
      locale,
      money: (money: Money, compact = false) => formatMoney(money, locale, compact),
      number: (value: number, options?: Intl.NumberFormatOptions) => formatNumber(value, locale, options),
      ratio: (value: number, signed = false) => formatRatio(value, locale, signed),
      instant: (at: string) => formatInstant(at, locale),
      day: (day: string) => formatDay(day, locale),
      period: (period: string, month?: "long" | "short") => formatPeriod(period, locale, month),
      relative: (at: string, now = Date.now()) => formatRelative(at, now, locale),
      duration: (seconds: number) => formatDuration(seconds, locale),
    };
  }, [language]);
}

/** The user's variant of English, such as en-US. */
function englishLocale(): string {
  return navigator.languages.find((l) => l.startsWith("en-")) ?? "en-GB";
}
