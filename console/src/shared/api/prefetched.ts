/** Responses that `public/prefetch.js` requested before the scripts loaded. Each is used once, while it is fresh. */
const MAX_AGE_MS = 10_000;

declare global {
  interface Window {
    triptychPrefetched?: Record<string, Promise<Response>>;
  }
}

export function takePrefetched(url: string): Promise<Response> | undefined {
  if (typeof window === "undefined" || performance.now() > MAX_AGE_MS) return undefined;
  const response = window.triptychPrefetched?.[url];
  if (response) delete window.triptychPrefetched?.[url];
  return response;
}
