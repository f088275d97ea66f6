/** Printing: lists that load or render only what is visible are completed before the browser takes the page. */
import { useEffect, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import { queryClient } from "@/shared/api/queries";

type BeforePrint = () => Promise<unknown>;
const beforePrint = new Set<BeforePrint>();
const listeners = new Set<() => void>();
const IDLE_CHECK_MS = 200;
const TIMEOUT_MS = 20_000;
let printing = false;

function setPrinting(next: boolean): void {
  printing = next;
  flushSync(() => {
    for (const notify of listeners) notify();
  }); // the browser takes the page as it is when the event handler returns
}

function isPrintShortcut(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "p";
}

if (typeof window !== "undefined") {
  window.addEventListener("beforeprint", () => setPrinting(true));
  window.addEventListener("afterprint", () => setPrinting(false));
  window.addEventListener("keydown", (event) => {
    if (!isPrintShortcut(event) || beforePrint.size === 0) return;
    event.preventDefault();
    void printPage();
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** True while the page is being printed. */
export function usePrinting(): boolean {
  return useSyncExternalStore(subscribe, () => printing);
}

/** Registers, while mounted, what has to be done before the page is printed. */
export function useBeforePrint(prepare: BeforePrint): void {
  useEffect(() => {
    beforePrint.add(prepare);
    return () => void beforePrint.delete(prepare);
  }, [prepare]);
}

/** Runs all preparations, waits until no request is pending, and prints. */
export async function printPage(): Promise<void> {
  await Promise.all([...beforePrint].map((prepare) => prepare().catch(() => undefined)));
  const deadline = Date.now() + TIMEOUT_MS;
  let idleChecks = 0;
  while (idleChecks < 2 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_CHECK_MS));
    idleChecks = queryClient.isFetching() ? 0 : idleChecks + 1;
  }
  window.print();
}
