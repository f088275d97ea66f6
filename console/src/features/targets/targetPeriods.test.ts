import { expect, it } from "vitest";
import { targetPeriods } from "./targetPeriods";

it("continues into the next year", () => {
  expect(targetPeriods({ year: 2026, month: 12 })).toEqual([
    "2027-01",
    "2026-12",
    "2026-11",
    "2026-10",
    "2027-Q1",
    "2026-Q4",
    "2026-Q3",
    "2027",
    "2026",
    "2025",
  ]);
});
