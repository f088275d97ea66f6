import { expect, it } from "vitest";
import { formatTargetValue, parseTargetValue } from "./targetValue";

it("is parsed into the unit of the API", () => {
  expect(parseTargetValue("1,200,000.50", "money", "EUR")).toBe(120_000_050);
  expect(parseTargetValue("35%", "ratio", null)).toBe(0.35);
  expect(parseTargetValue("1 200", "count", null)).toBe(1200);
  expect([
    parseTargetValue("a lot", "count", null),
    parseTargetValue("1.005", "money", "EUR"),
    parseTargetValue("5", "money", null),
  ]).toEqual([null, null, null]);
});

it("is formatted as it was typed", () => {
  for (const [text, unit, currency] of [
    ["1200.5", "money", "EUR"],
    ["35", "ratio", null],
    ["400", "count", null],
  ] as const) {
    expect(formatTargetValue(parseTargetValue(text, unit, currency) ?? NaN, unit, currency)).toBe(text);
  }
});
