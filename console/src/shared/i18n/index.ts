import { useMemo } from "react";
import { usePreferences } from "@/shared/preferences";
import { isMessageKey, type Language, type MessageKey, translate, type Values } from "./catalogue";

export type { Language, MessageKey, Values } from "./catalogue";
export type Title = Record<string, string> | string | null | undefined;
export type Translate = (key: MessageKey, values?: Values) => string;

/** `t(key)`: a message of the catalogue in the user's language. */
export function useTranslate(): Translate {
  const { language } = usePreferences();
  return useMemo(() => (key, values) => translate(language, key, values), [language]);
}

/** `title({en, zh}, name)`: the title of a definition in the user's language; without a title its name. */
export function useTitle(): (title: Title, name?: string | null) => string {
  const { language } = usePreferences();
  return useMemo(() => (title, name) => localizedTitle(title, language, name), [language]);
}

export function localizedTitle(title: Title, language: Language, name?: string | null): string {
  if (typeof title === "string") return title;
  return title?.[language] ?? title?.en ?? Object.values(title ?? {})[0] ?? name ?? "";
}

/** `name(value)`: the message `prefix.value`, or `value` itself where the catalogue has none. */
export function useNames(prefix: string): (value: string) => string {
  const t = useTranslate();
  return useMemo(
    () => (value) => {
      const key = `${prefix}.${value}`;
      return isMessageKey(key) ? t(key) : value;
    },
    [prefix, t],
  );
}
