import { describe, expect, it } from "vitest";
import type { Comparison, FigureRow } from "@/api/shapes";
import { byValue, currencies, directionOf, labelsOf, peaks, toneOf, wantedOf, whereOf, yearTo } from "./figures";

const row = (value: number | null, dimensions: Record<string, string | null>, period = "2026-11"): FigureRow => ({ period, from: `${period}-01`, to: "", dimensions, value });
const compared = (told: Pick<Comparison, "value" | "change" | "growth" | "reason">): Comparison => ({ period: "", from: "", to: "", like_for_like: false, ...told });

describe("a change", () => {
  it("has the direction of its sign, and none where there is nothing to compare with", () => {
    expect([3, -1, 0].map((change) => directionOf(compared({ value: 1, change, growth: null })))).toEqual(["up", "down", "same"]);
    expect(directionOf(compared({ value: null, change: null, growth: null, reason: "no_base" }))).toBe("unknown");
    expect(directionOf(undefined)).toBe("unknown");
  });

  it("is good or bad by what the measure is wanted to do", () => {
    expect(toneOf("up", wantedOf("revenue"))).toBe("good");
    expect(toneOf("up", wantedOf("cycle_days"))).toBe("bad");
    expect(toneOf("down", wantedOf("opportunities_lost"))).toBe("good");
    expect(toneOf("up", wantedOf("open_pipeline"))).toBeUndefined();
    expect(toneOf("unknown", "more")).toBeUndefined();
  });
});

describe("rows", () => {
  const rows = [row(5, { region: "West", currency: "EUR" }), row(9, { region: "East", currency: "EUR" }),
    row(800, { region: "East", currency: "JPY" }), row(null, { region: null, currency: "EUR" })];

  it("are ordered within their currency, what is not known last", () => {
    expect(byValue(rows).map((r) => [r.dimensions.region, r.value])).toEqual([["East", 9], ["West", 5], [null, null], ["East", 800]]);
  });

  it("never measure one currency against another", () => {
    expect(currencies(rows)).toEqual(["EUR", "JPY"]);
    expect([...peaks(rows)]).toEqual([["EUR", 9], ["JPY", 800]]);
  });

  it("are asked for again by their labels, an unknown one by the empty label", () => {
    expect(whereOf(row(1, { region: null, currency: "EUR" }), ["team:Mill"])).toEqual(["team:Mill", "region:", "currency:EUR"]);
    expect(labelsOf(row(1, { region: "West", currency: "EUR" }))).toEqual([["region", "West"]]);
  });
});

it("a year to a day begins on the first of the same month a year earlier", () => {
  expect(yearTo("2026-12-01")).toEqual({ from: "2025-12-01", to: "2026-12-01" });
  expect(yearTo("2027-01-01")).toEqual({ from: "2026-01-01", to: "2027-01-01" });
});
