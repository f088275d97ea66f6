/** Numbers and money in the user's locale. Money is in minor units of an ISO 4217 currency. */
export interface Money {
  amount_minor: number;
  currency: string;
}

const cache = new Map<string, Intl.NumberFormat>();

/** Building a format takes a hundred times as long as using it. */
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  const cached = cache.get(key) ?? new Intl.NumberFormat(locale, options);
  cache.set(key, cached);
  return cached;
}

/** Decimal places of a currency: 2 for EUR, 0 for JPY, 3 for KWD; 2 for an unknown code. */
export function exponent(currency: string): number {
  try {
    return numberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

export function majorUnits(money: Money): number {
  return money.amount_minor / 10 ** exponent(money.currency);
}

/** "1234.56" in EUR is 123456; null for text that is not an amount or has too many decimal places. */
export function minorUnits(text: string, currency: string): number | null {
  const plain = text.trim().replace(/[\s,  ']/g, "");
  const match = /^(-?)(\d{1,13})(?:\.(\d+))?$/.exec(plain);
  if (!match) return null;
  const digits = exponent(currency);
  const fraction = (match[3] ?? "").replace(/0+$/, "");
  if (fraction.length > digits) return null;
  const minor = Number((match[2] ?? "") + fraction.padEnd(digits, "0"));
  return match[1] && minor ? -minor : minor;
}

/** Without decimal places for whole amounts; `compact`: 1.2M. */
export function formatMoney(money: Money, locale: string, compact = false): string {
  const value = majorUnits(money);
  const digits: Intl.NumberFormatOptions =
    compact && Math.abs(value) >= 10_000
      ? { notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 }
      : Number.isInteger(value)
        ? { maximumFractionDigits: 0, minimumFractionDigits: 0 }
        : {};
  try {
    return numberFormat(locale, {
      style: "currency",
      currency: money.currency,
      currencyDisplay: "narrowSymbol",
      ...digits,
    }).format(value);
  } catch {
    return `${numberFormat(locale, digits).format(value)} ${money.currency}`;
  }
}

export function formatNumber(value: number, locale: string, options: Intl.NumberFormatOptions = {}): string {
  return numberFormat(locale, { maximumFractionDigits: 1, ...options }).format(value);
}

/** 0.1234 is 12.3 %. */
export function formatRatio(value: number, locale: string, signed = false): string {
  return numberFormat(locale, {
    style: "percent",
    maximumFractionDigits: 1,
    ...(signed ? { signDisplay: "exceptZero" } : {}),
  }).format(value);
}
