/** Notifications: a toast for the eye, and a live region for screen readers. */
import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslate } from "@/shared/i18n";
import { Button } from "./Button";

interface Notification {
  id: number;
  text: string;
  kind: "good" | "bad";
}
let toasts: Notification[] = [];
let announced: { text: string; kind: "good" | "bad" } = { text: "", kind: "good" };
let lastId = 0;
const listeners = new Set<() => void>();
const VISIBLE_MS = { good: 5_000, bad: 12_000 };

function setToasts(next: Notification[]): void {
  toasts = next;
  for (const notify of listeners) notify();
}

/** `silent`: without a toast, for screen readers only. */
export function announce(text: string, kind: "good" | "bad" = "good", { silent = false } = {}): void {
  const id = ++lastId;
  announced = { text, kind };
  setToasts(silent ? [...toasts] : [...toasts.slice(-3), { id, text, kind }]);
  if (!silent) setTimeout(() => dismiss(id), VISIBLE_MS[kind]);
}

function dismiss(id: number): void {
  setToasts(toasts.filter((toast) => toast.id !== id));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Notifications() {
  const t = useTranslate();
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <>
      <div className="visually-hidden" role="status" aria-live="polite">
        {announced.kind === "good" ? announced.text : ""}
      </div>
      <div className="visually-hidden" role="alert" aria-live="assertive">
        {announced.kind === "bad" ? announced.text : ""}
      </div>
      <div className="toasts no-print">
        {shown.map((toast) => (
          <div key={toast.id} className={`toast ${toast.kind}`}>
            {toast.kind === "good" ? (
              <CircleCheck className="icon" aria-hidden />
            ) : (
              <TriangleAlert className="icon" aria-hidden />
            )}
            <span className="grow">{toast.text}</span>
            <Button
              variant="quiet"
              small
              icon={<X className="icon" aria-hidden />}
              label={t("action.close")}
              onClick={() => dismiss(toast.id)}
            />
          </div>
        ))}
      </div>
    </>
  );
}
