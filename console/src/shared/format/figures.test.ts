import { describe, expect, it } from "vitest";
import type { Comparison, FigureRow } from "@/shared/api/types";
import {
  dimensionLabels,
  directionOf,
  distinctCurrencies,
  lastTwelveMonths,
  maximumByCurrency,
  rowConditions,
  sortByValue,
  toneOf,
} from "./figures";

const row = (value: number | null, dimensions: Record<string, string | null>, period = "2026-11"): FigureRow => ({
  period,
  from: `${period}-01`,
  to: "",
  dimensions,
  value,
});
const comparison = (values: Pick<Comparison, "value" | "change" | "growth" | "reason">): Comparison => ({
  period: "",
  from: "",
  to: "",
  like_for_like: false,
  ...values,
});

describe("a change", () => {
  it("has the direction of its sign, and none without a base", () => {
    const directions = [3, -1, 0].map((change) => directionOf(comparison({ value: 1, change, growth: null })));
    expect(directions).toEqual(["up", "down", "same"]);
    const withoutBase = comparison({ value: null, change: null, growth: null, reason: "no_base" });
    expect([directionOf(withoutBase), directionOf(undefined)]).toEqual(["unknown", "unknown"]);
  });

  it("is good or bad by the direction in which the measure is better", () => {
    expect(toneOf("up", "higher")).toBe("good");
    expect(toneOf("up", "lower")).toBe("bad");
    expect(toneOf("down", "lower")).toBe("good");
    expect(toneOf("up", "neither")).toBeUndefined();
    expect(toneOf("unknown", "higher")).toBeUndefined();
  });
});

describe("rows", () => {
  const rows = [
    row(5, { region: "West", currency: "EUR" }),
    row(9, { region: "East", currency: "EUR" }),
    row(800, { region: "East", currency: "JPY" }),
    row(null, { region: null, currency: "EUR" }),
  ];

  it("are sorted within their currency, those without a value last", () => {
    expect(sortByValue(rows).map((r) => [r.dimensions.region, r.value])).toEqual([
      ["East", 9],
      ["West", 5],
      [null, null],
      ["East", 800],
    ]);
  });

  it("have a maximum for each currency", () => {
    expect(distinctCurrencies(rows)).toEqual(["EUR", "JPY"]);
    expect([...maximumByCurrency(rows)]).toEqual([
      ["EUR", 9],
      ["JPY", 800],
    ]);
  });

  it("are selected by their dimensions, an unknown one by the empty label", () => {
    expect(rowConditions(row(1, { region: null, currency: "EUR" }), ["team:Mill"])).toEqual([
      "team:Mill",
      "region:",
      "currency:EUR",
    ]);
    expect(dimensionLabels(row(1, { region: "West", currency: "EUR" }))).toEqual([["region", "West"]]);
  });
});

it("twelve months begin on the first of the same month a year earlier", () => {
  expect(lastTwelveMonths("2026-12-01")).toEqual({ from: "2025-12-01", to: "2026-12-01" });
  expect(lastTwelveMonths("2027-01-01")).toEqual({ from: "2026-01-01", to: "2027-01-01" });
});
