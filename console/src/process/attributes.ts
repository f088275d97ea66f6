/** What a company keeps of its own about deals, leads and customers: any names, any values. */
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";

/** `annual_budget` → "Annual budget". */
export function readable(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

export function useAttributes(): { name: (name: string) => string; value: (value: unknown) => string } {
  const t = useSay();
  const format = useFormat();
  return {
    name: (name) => [`dimension.${name}`, `attribute.${name}`].filter(isKey).map((key) => t(key))[0] ?? readable(name),
    value: (value) => (typeof value === "number" ? format.number(value)
      : typeof value === "boolean" ? t(value ? "attribute.yes" : "attribute.no")
      : typeof value === "object" ? JSON.stringify(value) : String(value)),
  };
}
