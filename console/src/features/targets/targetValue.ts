/** Conversion between the text of a form and the API's unit: minor units, ratios, plain numbers. Pure. */
import { majorUnits, minorUnits } from "@/shared/format/numbers";

export function parseTargetValue(text: string, unit: string, currency: string | null): number | null {
  if (unit === "money") return currency ? minorUnits(text, currency) : null;
  const plain = text.trim().replace(/[\s,]/g, "").replace(/%$/, "");
  if (!/^-?\d{1,15}(\.\d{1,6})?$/.test(plain)) return null;
  return unit === "ratio" ? Number((Number(plain) / 100).toFixed(8)) : Number(plain);
}

export function formatTargetValue(value: number, unit: string, currency: string | null): string {
  if (unit === "money" && currency) return String(majorUnits({ amount_minor: value, currency }));
  return unit === "ratio" ? String(Number((value * 100).toFixed(6))) : String(value);
}
