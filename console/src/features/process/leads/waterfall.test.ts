import { describe, expect, it } from "vitest";
import { waterfallSteps } from "./waterfall";

const contribution = (points: number) => ({ rule: `r${points}`, points, why: "" });

describe("the waterfall of a score", () => {
  it("begins each bar where the previous one ended", () => {
    expect(waterfallSteps([contribution(30), contribution(-10), contribution(5)])).toMatchObject({
      rows: [{ from: 0 }, { from: 20 }, { from: 20 }],
      low: 0,
      high: 30,
    });
  });

  it("may go below zero", () => {
    expect(waterfallSteps([contribution(-20), contribution(10)])).toMatchObject({
      rows: [{ from: -20 }, { from: -20 }],
      low: -20,
      high: 0,
    });
  });
});
