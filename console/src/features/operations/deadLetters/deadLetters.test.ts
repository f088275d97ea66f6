import { expect, it } from "vitest";
import { parseReplacement, prettyJson } from "./deadLetters";

it("JSON is indented, other text stays as it is", () => {
  expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(prettyJson("not { json")).toBe("not { json");
  expect(prettyJson(null)).toBe("");
});

it("only an object can replace the content", () => {
  expect(parseReplacement('{"lead_id": "L1"}')).toEqual({ content: { lead_id: "L1" } });
  expect(parseReplacement("{")).toEqual({ error: "notJson" });
  expect([parseReplacement("[1]"), parseReplacement("null")]).toEqual([{ error: "notObject" }, { error: "notObject" }]);
});
