/** Theme and language: stored in this browser; until the user chooses, those of the operating system apply. */
import { useSyncExternalStore } from "react";
import type { Language } from "@/shared/i18n/catalogue";

export type Theme = "system" | "light" | "dark";
export interface Preferences {
  theme: Theme;
  language: Language;
}

const listeners = new Set<() => void>();
let current: Preferences = { theme: stored(["light", "dark"], "theme") ?? "system", language: initialLanguage() };

function stored<T extends string>(allowed: readonly T[], name: string): T | undefined {
  try {
    const value = localStorage.getItem(`triptych.${name}`);
    return allowed.find((one) => one === value);
  } catch {
    return undefined; // the browser denies storage
  }
}

function initialLanguage(): Language {
  const system = typeof navigator !== "undefined" && navigator.language.startsWith("zh") ? "zh" : "en";
  return stored(["en", "zh"], "language") ?? system;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem("triptych.theme", current.theme);
    localStorage.setItem("triptych.language", current.language);
  } catch {
    // the browser denies storage: the choice lasts until the page is closed
  }
  applyPreferences();
  for (const notify of listeners) notify();
}

/** Sets the document's language and colour scheme. */
export function applyPreferences(): void {
  const root = document.documentElement;
  root.lang = current.language === "zh" ? "zh-CN" : "en";
  if (current.theme === "system") delete root.dataset.theme;
  else root.dataset.theme = current.theme;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}

export type ColourScheme = "light" | "dark";
const DARK = "(prefers-color-scheme: dark)";

function subscribeToSystem(listener: () => void): () => void {
  const system = matchMedia(DARK);
  system.addEventListener("change", listener);
  const unsubscribe = subscribe(listener);
  return () => {
    system.removeEventListener("change", listener);
    unsubscribe();
  };
}

/** The colour scheme in effect: the chosen one, else that of the operating system, which may change at any time. */
export function useColourScheme(): ColourScheme {
  return useSyncExternalStore(subscribeToSystem, () => {
    if (current.theme !== "system") return current.theme;
    return matchMedia(DARK).matches ? "dark" : "light";
  });
}

/** The language outside of components. */
export function currentLanguage(): Language {
  return current.language;
}
