import { expect, it } from "vitest";
import { isGrain, rangeTo } from "./ranges";

it("a trend reaches back as far as its grain asks for, to the beginning of a bucket", () => {
  expect(rangeTo("2026-12-01", "month")).toEqual({ from: "2025-12-01", to: "2026-12-01" });
  expect(rangeTo("2026-12-01", "day")).toEqual({ from: "2026-11-01", to: "2026-12-01" });
  expect(rangeTo("2026-12-01", "quarter")).toEqual({ from: "2023-10-01", to: "2026-12-01" });
  expect(rangeTo("2026-12-01", "year").from).toBe("2021-01-01");
});

it("knows grains from other words", () => {
  expect(["day", "total", "hour", undefined].map(isGrain)).toEqual([true, false, false, false]);
});
