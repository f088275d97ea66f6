import { useMemo } from "react";
import { usePreferences } from "@/frame/preferences";
import { type Key, type Language, say, type Values } from "./words";

export type { Key, Language, Values } from "./words";
export type Title = Record<string, string> | string | null | undefined;
export type Say = (key: Key, values?: Values) => string;

/** `t(key)`: the console's own words. */
export function useSay(): Say {
  const { language } = usePreferences();
  return useMemo(() => (key, values) => say(language, key, values), [language]);
}

/** `title({en, zh}, name)`: what a definition calls itself in the viewer's language, its name when it has no title. */
export function useTitle(): (title: Title, name?: string | null) => string {
  const { language } = usePreferences();
  return useMemo(() => (title, name) => titled(title, language, name), [language]);
}

export function titled(title: Title, language: Language, name?: string | null): string {
  if (typeof title === "string") return title;
  return title?.[language] ?? title?.en ?? Object.values(title ?? {})[0] ?? name ?? "";
}
