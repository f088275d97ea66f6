/** Printing a page whole: what is fetched and drawn only in sight is fetched and drawn altogether first. */
import { useEffect, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import { queries } from "@/api/hooks";

type Prepare = () => Promise<unknown>;
const prepared = new Set<Prepare>();
const listeners = new Set<() => void>();
const QUIET_MS = 200, MOST_MS = 20_000;
let printing = false;

function become(next: boolean): void {
  printing = next;
  flushSync(() => listeners.forEach((heard) => heard())); // the browser takes the page as it is when this returns
}

if (typeof window !== "undefined") {
  window.addEventListener("beforeprint", () => become(true));
  window.addEventListener("afterprint", () => become(false));
  window.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "p" || prepared.size === 0) return;
    event.preventDefault();
    void printWhole();
  });
}

/** True while the page is being printed. */
export function usePrinting(): boolean {
  return useSyncExternalStore((heard) => (listeners.add(heard), () => listeners.delete(heard)), () => printing);
}

/** While mounted, this is done before the page is printed. */
export function usePrepared(prepare: Prepare): void {
  useEffect(() => {
    prepared.add(prepare);
    return () => void prepared.delete(prepare);
  }, [prepare]);
}

/** Fetch what is not here yet, wait until nothing is asked any more, print. */
export async function printWhole(): Promise<void> {
  await Promise.all([...prepared].map((prepare) => prepare().catch(() => undefined)));
  const end = Date.now() + MOST_MS;
  for (let quiet = 0; quiet < 2 && Date.now() < end; quiet = queries.isFetching() ? 0 : quiet + 1) await new Promise((done) => setTimeout(done, QUIET_MS));
  window.print();
}
