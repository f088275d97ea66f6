import { useMemo } from "react";
import { usePreferences } from "@/frame/preferences";
import { type Money, writeMoney, writeNumber, writeRatio } from "./numbers";
import { writePeriod } from "./periods";
import { writeDay, writeDistance, writeInstant, writeSpan } from "./times";

export type { Money } from "./numbers";
export { exponent, majorUnits, minorUnits } from "./numbers";

/** Everything that writes a value in the viewer's language and zone. */
export function useFormat() {
  const { language } = usePreferences();
  return useMemo(() => {
    const locale = language === "zh" ? "zh-CN" : region();
    return {
      locale,
      money: (money: Money, compact = false) => writeMoney(money, locale, compact),
      number: (value: number, options?: Intl.NumberFormatOptions) => writeNumber(value, locale, options),
      ratio: (value: number, signed = false) => writeRatio(value, locale, signed),
      instant: (at: string) => writeInstant(at, locale),
      day: (day: string) => writeDay(day, locale),
      period: (period: string, month?: "long" | "short") => writePeriod(period, locale, month),
      distance: (at: string, now = Date.now()) => writeDistance(at, now, locale),
      span: (seconds: number) => writeSpan(seconds, locale),
    };
  }, [language]);
}

/** English as the viewer's region writes it (en-GB, en-US …). */
function region(): string {
  return navigator.languages.find((l) => l.startsWith("en-")) ?? "en-GB";
}
