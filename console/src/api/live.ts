/** The live stream: says which answers have gone stale. Where there is none, the same is done every 15 seconds. */
import { useEffect, useSyncExternalStore } from "react";
import { goneStale, POLL_MS } from "./hooks";
import { useMay, useViewer } from "./me";

export type LiveState = "live" | "polling" | "offline";

const FIGURES = ["/v1/kpis", "/v1/boards", "/v1/targets"];
/** By the beginning of a channel's name: what has gone stale when it speaks. */
const STALE: Record<string, string[]> = {
  opportunities: ["/v1/opportunities", "/v1/funnels", "/v1/worklist", ...FIGURES],
  kpis: FIGURES,
};
const CALM_MS = 1_500;
const SLOW_MS = 60_000; // what has no channel of its own: leads, segments, surveys

let state: LiveState = "polling";
const listeners = new Set<() => void>();

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  listeners.forEach((heard) => heard());
}

export function useLiveState(): LiveState {
  return useSyncExternalStore((heard) => (listeners.add(heard), () => listeners.delete(heard)), () => state);
}

/** While mounted, what changes is read again, at most every 1.5 s. */
export function useLive(): void {
  const { data: viewer } = useViewer();
  const may = useMay();
  const who = viewer?.state === "in" ? viewer.me.principal : viewer?.state;
  const channels = [may("deals:read") && "opportunities", may("figures:read") && "kpis:activities,kpis:revenue"].filter(Boolean).join(",");
  useEffect(() => {
    if (who === undefined || who === "out") return;
    return follow(channels);
  }, [who, channels]);
}

function follow(channels: string): () => void {
  const stale = new Set<string>();
  let calm: ReturnType<typeof setTimeout> | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  const refresh = (): void => {
    calm = undefined;
    if (!document.hidden) void goneStale(...stale);
    stale.clear();
  };
  const heard = (channel: string): void => {
    for (const [name, templates] of Object.entries(STALE)) if (channel.startsWith(name)) templates.forEach((t) => stale.add(t));
    calm ??= setTimeout(refresh, CALM_MS);
  };
  const every = (ms: number): void => {
    clearInterval(poll);
    poll = setInterval(() => {
      if (!document.hidden) void goneStale("/v1/");
    }, ms);
  };
  const pollInstead = (): void => {
    become(navigator.onLine ? "polling" : "offline");
    every(POLL_MS);
  };
  if (!channels) {
    pollInstead();
    return () => clearInterval(poll);
  }
  const source = new EventSource(`/v1/live?channels=${channels}`);
  source.onopen = () => {
    every(SLOW_MS);
    become("live");
  };
  source.addEventListener("delta", (event) => heard(channelOf(event as MessageEvent<string>)));
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) pollInstead();
    else become("offline");
  };
  return () => {
    source.close();
    clearTimeout(calm);
    clearInterval(poll);
  };
}

function channelOf(event: MessageEvent<string>): string {
  try {
    return String((JSON.parse(event.data) as { channel?: string }).channel ?? "opportunities");
  } catch {
    return "opportunities";
  }
}
