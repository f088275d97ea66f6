import { describe, expect, it } from "vitest";
import { en, type Key, say, zh } from "./words";

const keys = Object.keys(en) as Key[];
const holes = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? ""))].sort();

describe("the words", () => {
  it("are there in both languages, for every key", () => {
    expect(Object.keys(zh).sort()).toEqual([...keys].sort());
    expect(keys.filter((key) => !en[key].trim() || !zh[key].trim())).toEqual([]);
  });

  it("leave the same places to be filled in", () => {
    expect(keys.filter((key) => holes(en[key]).join() !== holes(zh[key]).join())).toEqual([]);
  });

  it("are Chinese where they should be", () => {
    const same = keys.filter((key) => zh[key] === en[key] && /[a-z]{3}/i.test(en[key].replace(/\{\w+\}/g, "")));
    expect(same).toEqual([]);
  });

  it("choose between one and many", () => {
    expect(say("en", "search.count", { n: 1 })).toBe("1 result");
    expect(say("en", "search.count", { n: 1200 })).toBe("1,200 results");
    expect(say("zh", "search.count", { n: 2 })).toBe("2 条结果");
  });
});
