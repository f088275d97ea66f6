import { describe, expect, it } from "vitest";
import { diffLines, nameFirst, yaml } from "./yaml";

describe("a definition as YAML", () => {
  it("is in the style of the shipped files", () => {
    expect(
      yaml({
        name: "win_rate",
        version: 1,
        title: { en: "Win rate", zh: "赢单率" },
        parts: ["a", "b"],
        none: [],
        when: 'status == "won"',
      }),
    ).toBe(
      [
        "name: win_rate",
        "version: 1",
        "title: {en: Win rate, zh: 赢单率}",
        "parts: [a, b]",
        "none: []",
        String.raw`when: "status == \"won\""`,
      ].join("\n"),
    );
  });

  it("puts deep and long values into blocks", () => {
    expect(yaml({ tiles: [{ measure: "nps", by: ["rep"] }, { deep: { a: { b: 1 } } }] })).toBe(
      ["tiles:", "  - {measure: nps, by: [rep]}", "  - deep:", "      a: {b: 1}"].join("\n"),
    );
  });

  it("begins with the name", () => {
    expect(Object.keys(nameFirst({ kind: "sum", name: "n", title: {}, version: 2 }))).toEqual([
      "name",
      "version",
      "title",
      "kind",
    ]);
  });

  it("quotes text that would be read as another type", () => {
    expect(yaml({ a: "yes", b: "1", c: " x", d: null, e: true, f: "a: b" })).toBe(
      ['a: "yes"', 'b: "1"', 'c: " x"', "d: null", "e: true", 'f: "a: b"'].join("\n"),
    );
  });
});

it("the difference of two versions has added and removed lines", () => {
  expect(diffLines("a\nb\nc", "a\nx\nc\nd").map((l) => `${l.kind} ${l.text}`)).toEqual([
    "same a",
    "removed b",
    "added x",
    "same c",
    "added d",
  ]);
  expect(diffLines("a", "a").every((l) => l.kind === "same")).toBe(true);
});
