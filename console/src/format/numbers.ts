/** Numbers and money as the viewer's language writes them. Money comes in minor units of an ISO currency. */
export interface Money { amount_minor: number; currency: string }

const formats = new Map<string, Intl.NumberFormat>();

function format(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.NumberFormat(locale, options)));
  return found;
}

/** How many minor units make one: 2 for EUR, 0 for JPY, 3 for KWD. A code that is no currency has two. */
export function exponent(currency: string): number {
  try {
    return format("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

export function majorUnits(money: Money): number {
  return money.amount_minor / 10 ** exponent(money.currency);
}

/** "1234.56" in EUR is 123456; null for what is no amount, or is finer than the currency. */
export function minorUnits(text: string, currency: string): number | null {
  const plain = text.trim().replace(/[\s,  ']/g, "");
  const found = /^(-?)(\d{1,13})(?:\.(\d+))?$/.exec(plain);
  if (!found) return null;
  const digits = exponent(currency);
  const fraction = (found[3] ?? "").replace(/0+$/, "");
  if (fraction.length > digits) return null;
  const minor = Number((found[2] ?? "") + fraction.padEnd(digits, "0"));
  return found[1] && minor ? -minor : minor;
}

/** Whole units when the amount is a whole number of them; `compact`: 1.2M. */
export function writeMoney(money: Money, locale: string, compact = false): string {
  const value = majorUnits(money);
  const shape: Intl.NumberFormatOptions = compact && Math.abs(value) >= 10_000
    ? { notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 }
    : Number.isInteger(value) ? { maximumFractionDigits: 0, minimumFractionDigits: 0 } : {};
  try {
    return format(locale, { style: "currency", currency: money.currency, currencyDisplay: "narrowSymbol", ...shape }).format(value);
  } catch {
    return `${format(locale, shape).format(value)} ${money.currency}`;
  }
}

export function writeNumber(value: number, locale: string, options: Intl.NumberFormatOptions = {}): string {
  return format(locale, { maximumFractionDigits: 1, ...options }).format(value);
}

/** 0.1234 is 12.3 %. */
export function writeRatio(value: number, locale: string, signed = false): string {
  return format(locale, { style: "percent", maximumFractionDigits: 1, ...(signed ? { signDisplay: "exceptZero" } : {}) }).format(value);
}
