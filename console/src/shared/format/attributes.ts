/** Attributes that an installation defines for deals, leads and customers: any names, any values. */
import { useTranslate } from "@/shared/i18n";
import { isMessageKey } from "@/shared/i18n/catalogue";
import { useFormat } from "./";

/** `annual_budget` → "Annual budget". */
export function humanize(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

export function useAttributeFormat(): { name: (name: string) => string; value: (value: unknown) => string } {
  const t = useTranslate();
  const format = useFormat();
  const formatValue = (value: unknown): string => {
    if (typeof value === "number") return format.number(value);
    if (typeof value === "boolean") return t(value ? "attribute.yes" : "attribute.no");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  return {
    name: (name) => {
      const key = [`dimension.${name}`, `attribute.${name}`].find(isMessageKey);
      return key ? t(key) : humanize(name);
    },
    value: formatValue,
  };
}
