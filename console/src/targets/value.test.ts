import { expect, it } from "vitest";
import { shownValue, typedValue } from "./value";

it("is written as people do and sent as the API wants it", () => {
  expect(typedValue("1,200,000.50", "money", "EUR")).toBe(120_000_050);
  expect(typedValue("35%", "ratio", null)).toBe(0.35);
  expect(typedValue("1 200", "count", null)).toBe(1200);
  expect([typedValue("a lot", "count", null), typedValue("1.005", "money", "EUR"), typedValue("5", "money", null)]).toEqual([null, null, null]);
});

it("comes back as it was typed", () => {
  for (const [text, unit, currency] of [["1200.5", "money", "EUR"], ["35", "ratio", null], ["400", "count", null]] as const) {
    expect(shownValue(typedValue(text, unit, currency) ?? NaN, unit, currency)).toBe(text);
  }
});
