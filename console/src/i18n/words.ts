/** Words in both languages. A key that is missing in Chinese does not compile, and a test looks at the texts too. */
import * as enRooms from "./en";
import * as zhRooms from "./zh";

export type Language = "en" | "zh";
export const LANGUAGES: Record<Language, string> = { en: "English", zh: "中文" };

export const en = { ...enRooms.frame, ...enRooms.process, ...enRooms.results, ...enRooms.targets, ...enRooms.operations };
export type Key = keyof typeof en;
export const zh: Record<Key, string> = {
  ...zhRooms.frame, ...zhRooms.process, ...zhRooms.results, ...zhRooms.targets, ...zhRooms.operations,
};
const TABLES: Record<Language, Record<Key, string>> = { en, zh };
const PLURALS: Record<Language, Intl.PluralRules> = { en: new Intl.PluralRules("en"), zh: new Intl.PluralRules("zh") };

export type Values = Record<string, string | number>;

/** `one|other` is chosen by `n`; `{name}` is filled from `values`. Numbers are written by the language's rules. */
export function say(language: Language, key: Key, values: Values = {}): string {
  const forms = TABLES[language][key].split("|");
  const n = values.n;
  const singular = typeof n === "number" && PLURALS[language].select(n) === "one";
  const form = forms.length > 1 && !singular ? forms[1] : forms[0];
  return (form ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

export function isKey(text: string): text is Key {
  return text in en;
}
