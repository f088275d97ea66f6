/** Theme and language: chosen by the viewer, kept in this browser, the system's own until then. */
import { useSyncExternalStore } from "react";
import type { Language } from "@/i18n/words";

export type Theme = "system" | "light" | "dark";
export interface Preferences { theme: Theme; language: Language }

const listeners = new Set<() => void>();
let held: Preferences = { theme: stored("theme", ["light", "dark"]) ?? "system", language: firstLanguage() };

function stored<T extends string>(name: string, allowed: readonly T[]): T | null {
  try {
    const text = localStorage.getItem(`triptych.${name}`) as T | null;
    return text !== null && allowed.includes(text) ? text : null;
  } catch {
    return null; // storage is closed to us
  }
}

function firstLanguage(): Language {
  const system = typeof navigator !== "undefined" && navigator.language.startsWith("zh") ? "zh" : "en";
  return stored<Language>("language", ["en", "zh"]) ?? system;
}

export function prefer(change: Partial<Preferences>): void {
  held = { ...held, ...change };
  try {
    localStorage.setItem("triptych.theme", held.theme);
    localStorage.setItem("triptych.language", held.language);
  } catch { /* holds until the page is left */ }
  show();
  listeners.forEach((heard) => heard());
}

/** Tell the document: its colours and its language. */
export function show(): void {
  const root = document.documentElement;
  root.lang = held.language === "zh" ? "zh-CN" : "en";
  if (held.theme === "system") delete root.dataset.theme;
  else root.dataset.theme = held.theme;
}

function subscribe(heard: () => void): () => void {
  listeners.add(heard);
  return () => listeners.delete(heard);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => held);
}

export type Scheme = "light" | "dark";
const DARK = "(prefers-color-scheme: dark)";

function subscribeToSystem(heard: () => void): () => void {
  const system = matchMedia(DARK);
  system.addEventListener("change", heard);
  const forget = subscribe(heard);
  return () => {
    system.removeEventListener("change", heard);
    forget();
  };
}

/** The colours that are seen at this moment: the chosen ones, else those of the system, which may change under the page. */
export function useScheme(): Scheme {
  return useSyncExternalStore(subscribeToSystem, () => (held.theme !== "system" ? held.theme : matchMedia(DARK).matches ? "dark" : "light"));
}
