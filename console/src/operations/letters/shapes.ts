/** Dead letters as the API tells them, and what an operator makes of them. Pure. */
export type LetterStatus = "open" | "replayed" | "discarded" | (string & {});
export interface Letter {
  id: string; service: string; topic: string; partition: number; offset: number; appended_at: string; code: string; error: string;
  first_failed_at: string; replays: number; status: LetterStatus; note: string; version: string; event_id: string | null;
  event_source: string | null; event_type: string | null; key?: string | null; value?: string | null; headers?: Record<string, string>;
}
export type OwnLetter = Pick<Letter, "id" | "service" | "code" | "error" | "first_failed_at" | "replays" | "status" | "note">;
export interface Group {
  topic: string; partition: number; offset: number; appended_at: string; event_id: string | null; event_source: string | null;
  event_type: string | null; letters: OwnLetter[];
}
export interface Stats { status: Record<string, number>; code: Record<string, number>; topic: Record<string, number> }

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
