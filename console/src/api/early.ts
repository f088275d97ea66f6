/** What `early.js` has asked while the scripts were still on their way. Each answer is taken once, and only while it is fresh. */
const FRESH_MS = 10_000;

declare global {
  interface Window { triptychAsked?: Record<string, Promise<Response>> }
}

export function takeEarly(address: string): Promise<Response> | undefined {
  if (typeof window === "undefined" || performance.now() > FRESH_MS) return undefined;
  const found = window.triptychAsked?.[address];
  if (found) delete window.triptychAsked?.[address];
  return found;
}
