import { describe, expect, it } from "vitest";
import { difference, named, yaml } from "./yaml";

describe("a definition as YAML", () => {
  it("looks as people write it", () => {
    expect(yaml({ name: "win_rate", version: 1, title: { en: "Win rate", zh: "赢单率" }, parts: ["a", "b"], none: [], when: 'status == "won"' })).toBe(
      ['name: win_rate', "version: 1", "title: {en: Win rate, zh: 赢单率}", "parts: [a, b]", "none: []", String.raw`when: "status == \"won\""`].join("\n"));
  });

  it("opens what is deep or long", () => {
    expect(yaml({ tiles: [{ measure: "nps", by: ["rep"] }, { deep: { a: { b: 1 } } }] })).toBe(
      ["tiles:", "  - {measure: nps, by: [rep]}", "  - deep:", "      a: {b: 1}"].join("\n"));
  });

  it("begins with what names it", () => {
    expect(Object.keys(named({ kind: "sum", name: "n", title: {}, version: 2 }))).toEqual(["name", "version", "title", "kind"]);
  });

  it("quotes what would be something else", () => {
    expect(yaml({ a: "yes", b: "1", c: " x", d: null, e: true, f: "a: b" })).toBe(['a: "yes"', 'b: "1"', 'c: " x"', "d: null", "e: true", 'f: "a: b"'].join("\n"));
  });
});

it("the difference of two versions is what came and what went", () => {
  expect(difference("a\nb\nc", "a\nx\nc\nd").map((l) => `${l.kind} ${l.text}`)).toEqual(["same a", "gone b", "added x", "same c", "added d"]);
  expect(difference("a", "a").every((l) => l.kind === "same")).toBe(true);
});
