/** Server-sent events invalidate the queries that they affect. Without a stream everything is polled every 15 s. */
import { useEffect, useSyncExternalStore } from "react";
import { invalidate, POLL_INTERVAL_MS } from "./queries";
import { usePermission, useViewer } from "./viewer";

export type LiveState = "live" | "polling" | "offline";

const FIGURES = ["/v1/kpis", "/v1/boards", "/v1/targets"];
/** Routes to invalidate, by the prefix of the channel that sent an event. */
const ROUTES_BY_CHANNEL: Record<string, string[]> = {
  opportunities: ["/v1/opportunities", "/v1/funnels", "/v1/worklist", ...FIGURES],
  kpis: FIGURES,
};
const DEBOUNCE_MS = 1_500;
const SLOW_POLL_MS = 60_000; // for what has no channel: leads, segments, surveys

let state: LiveState = "polling";
const listeners = new Set<() => void>();

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const notify of listeners) notify();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

/** While mounted, changed data is refetched, at most every 1.5 s. */
export function useLiveUpdates(): void {
  const { data: viewer } = useViewer();
  const can = usePermission();
  const identity = viewer?.state === "signed_in" ? viewer.me.principal : viewer?.state;
  const channels = [can("deals:read") && "opportunities", can("figures:read") && "kpis:activities,kpis:revenue"]
    .filter(Boolean)
    .join(",");
  useEffect(() => {
    if (identity === undefined || identity === "signed_out") return;
    return openStream(channels);
  }, [identity, channels]);
}

function openStream(channels: string): () => void {
  const stale = new Set<string>();
  let debounce: ReturnType<typeof setTimeout> | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  const flush = (): void => {
    debounce = undefined;
    if (!document.hidden) void invalidate(...stale);
    stale.clear();
  };
  const markStale = (channel: string): void => {
    for (const [prefix, templates] of Object.entries(ROUTES_BY_CHANNEL)) {
      if (channel.startsWith(prefix)) for (const template of templates) stale.add(template);
    }
    debounce ??= setTimeout(flush, DEBOUNCE_MS);
  };
  const pollEvery = (ms: number): void => {
    clearInterval(poll);
    poll = setInterval(() => {
      if (!document.hidden) void invalidate("/v1/");
    }, ms);
  };
  const fallBackToPolling = (): void => {
    setState(navigator.onLine ? "polling" : "offline");
    pollEvery(POLL_INTERVAL_MS);
  };
  if (!channels) {
    fallBackToPolling();
    return () => clearInterval(poll);
  }
  const source = new EventSource(`/v1/live?channels=${channels}`);
  source.onopen = () => {
    pollEvery(SLOW_POLL_MS);
    setState("live");
  };
  source.addEventListener("delta", (event) => markStale(channelOf(event.data)));
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) fallBackToPolling();
    else setState("offline");
  };
  return () => {
    source.close();
    clearTimeout(debounce);
    clearInterval(poll);
  };
}

function channelOf(data: string): string {
  try {
    return String((JSON.parse(data) as { channel?: string }).channel ?? "opportunities");
  } catch {
    return "opportunities";
  }
}
