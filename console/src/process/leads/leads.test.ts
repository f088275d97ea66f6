import { describe, expect, it } from "vitest";
import { steps } from "./steps";

const c = (points: number) => ({ rule: `r${points}`, points, why: "" });

describe("a score's contributions", () => {
  it("stand on each other, and what takes away hangs from the top", () => {
    expect(steps([c(30), c(-10), c(5)])).toMatchObject({ rows: [{ from: 0 }, { from: 20 }, { from: 20 }], low: 0, high: 30 });
  });

  it("may go below zero", () => {
    expect(steps([c(-20), c(10)])).toMatchObject({ rows: [{ from: -20 }, { from: -20 }], low: -20, high: 0 });
  });
});
