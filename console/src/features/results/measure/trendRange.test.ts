import { expect, it } from "vitest";
import { isGrain, trendRange } from "./trendRange";

it("a trend begins with a bucket, and its length depends on the grain", () => {
  expect(trendRange("2026-12-01", "month")).toEqual({ from: "2025-12-01", to: "2026-12-01" });
  expect(trendRange("2026-12-01", "day")).toEqual({ from: "2026-11-01", to: "2026-12-01" });
  expect(trendRange("2026-12-01", "quarter")).toEqual({ from: "2023-10-01", to: "2026-12-01" });
  expect(trendRange("2026-12-01", "year").from).toBe("2021-01-01");
});

it("a total is not a grain of a trend", () => {
  expect(["day", "total", "hour"].map(isGrain)).toEqual([true, false, false]);
});
