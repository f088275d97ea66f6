/** What has happened, for eyes (a note in the corner) and for screen readers (a live region that is always there). */
import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useSay } from "@/i18n";
import { Button } from "./Button";

interface Note { id: number; text: string; kind: "good" | "bad" }
let notes: Note[] = [];
let said: { text: string; kind: "good" | "bad" } = { text: "", kind: "good" };
let last = 0;
const listeners = new Set<() => void>();
const STAY_MS = { good: 5_000, bad: 12_000 };

function change(next: Note[]): void {
  notes = next;
  listeners.forEach((heard) => heard());
}

/** `quiet`: for screen readers only. */
export function announce(text: string, kind: "good" | "bad" = "good", { quiet = false } = {}): void {
  const id = ++last;
  said = { text, kind };
  change(quiet ? [...notes] : [...notes.slice(-3), { id, text, kind }]);
  if (!quiet) setTimeout(() => dismiss(id), STAY_MS[kind]);
}

function dismiss(id: number): void {
  change(notes.filter((n) => n.id !== id));
}

function subscribe(heard: () => void): () => void {
  listeners.add(heard);
  return () => listeners.delete(heard);
}

export function Announcer() {
  const t = useSay();
  const shown = useSyncExternalStore(subscribe, () => notes);
  return (
    <>
      <div className="visually-hidden" role="status" aria-live="polite">{said.kind === "good" ? said.text : ""}</div>
      <div className="visually-hidden" role="alert" aria-live="assertive">{said.kind === "bad" ? said.text : ""}</div>
      <div className="toasts no-print">
        {shown.map((note) => (
          <div key={note.id} className={`toast ${note.kind}`}>
            {note.kind === "good" ? <CircleCheck className="icon" aria-hidden /> : <TriangleAlert className="icon" aria-hidden />}
            <span className="grow">{note.text}</span>
            <Button look="quiet" small icon={<X className="icon" aria-hidden />} label={t("action.close")} onClick={() => dismiss(note.id)} />
          </div>
        ))}
      </div>
    </>
  );
}
