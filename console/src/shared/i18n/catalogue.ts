/** The console's messages in both languages. A key without a Chinese text does not compile. */
import * as english from "./en";
import * as chinese from "./zh";

export type Language = "en" | "zh";
export const LANGUAGES: Record<Language, string> = { en: "English", zh: "中文" };

export const en = {
  ...english.app,
  ...english.common,
  ...english.targets,
  ...english.process,
  ...english.customers,
  ...english.results,
  ...english.operations,
};
export type MessageKey = keyof typeof en;
export const zh: Record<MessageKey, string> = {
  ...chinese.app,
  ...chinese.common,
  ...chinese.targets,
  ...chinese.process,
  ...chinese.customers,
  ...chinese.results,
  ...chinese.operations,
};
const MESSAGES: Record<Language, Record<MessageKey, string>> = { en, zh };
const PLURALS: Record<Language, Intl.PluralRules> = { en: new Intl.PluralRules("en"), zh: new Intl.PluralRules("zh") };

export type Values = Record<string, string | number>;

/** `one|other` is selected by `n`; `{name}` is replaced from `values`. Numbers are formatted in the language. */
export function translate(language: Language, key: MessageKey, values: Values = {}): string {
  const forms = MESSAGES[language][key].split("|");
  const n = values.n;
  const singular = typeof n === "number" && PLURALS[language].select(n) === "one";
  const form = forms.length > 1 && !singular ? forms[1] : forms[0];
  return (form ?? key).replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    return value === undefined ? placeholder : typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

export function isMessageKey(text: string): text is MessageKey {
  return Object.hasOwn(en, text);
}
