/** Dead letters: filters, and the content that replaces one. Pure. */

export const FILTER_NAMES = ["service", "topic", "code", "status", "event_type"] as const;
export type DeadLetterFilter = Partial<Record<(typeof FILTER_NAMES)[number], string>>;

/** JSON with indentation; other text stays as it is. */
export function prettyJson(text: string | null | undefined): string {
  try {
    return JSON.stringify(JSON.parse(text ?? ""), null, 2);
  } catch {
    return text ?? "";
  }
}

/** The edited content as an object, or why it cannot be sent. */
export function parseReplacement(
  text: string,
): { content: Record<string, unknown> } | { error: "notJson" | "notObject" } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { error: "notJson" };
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? { content: value as Record<string, unknown> } : { error: "notObject" };
}
