/** Dead letters as the API tells them, and what an operator makes of them. Pure. */
import type { LetterGroup } from "@/api/shapes";

export type OwnLetter = LetterGroup["letters"][number];

export const CONDITIONS = ["service", "topic", "code", "status", "event_type"] as const;
export type Conditions = Partial<Record<(typeof CONDITIONS)[number], string>>;

/** Pretty when it is JSON; else as it is. */
export function pretty(text: string | null | undefined): string {
  try {
    return JSON.stringify(JSON.parse(text ?? ""), null, 2);
  } catch {
    return text ?? "";
  }
}

/** What one may give back instead: an object, or the reason why it is none. */
export function mended(text: string): { content: Record<string, unknown> } | { fault: "not_json" | "no_object" } {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { fault: "not_json" };
  }
  return found && typeof found === "object" && !Array.isArray(found) ? { content: found as Record<string, unknown> } : { fault: "no_object" };
}
