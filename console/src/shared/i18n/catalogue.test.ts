import { describe, expect, it } from "vitest";
import { en, type MessageKey, translate, zh } from "./catalogue";

const keys = Object.keys(en) as MessageKey[];
const placeholders = (text: string): string => [...new Set(text.match(/\{\w+\}/g))].sort().join();

describe("the messages", () => {
  it("exist in both languages", () => {
    expect(Object.keys(zh).sort()).toEqual([...keys].sort());
    expect(keys.filter((key) => !en[key].trim() || !zh[key].trim())).toEqual([]);
  });

  it("have the same placeholders in both languages", () => {
    expect(keys.filter((key) => placeholders(en[key]) !== placeholders(zh[key]))).toEqual([]);
  });

  it("are translated", () => {
    const untranslated = (key: MessageKey): boolean =>
      zh[key] === en[key] && /[a-z]{3}/i.test(en[key].replace(/\{\w+\}/g, ""));
    expect(keys.filter(untranslated)).toEqual([]);
  });

  it("have a singular and a plural", () => {
    expect(translate("en", "search.count", { n: 1 })).toBe("1 result");
    expect(translate("en", "search.count", { n: 1200 })).toBe("1,200 results");
    expect(translate("zh", "search.count", { n: 2 })).toBe("2 条结果");
  });
});
