import { expect, it } from "vitest";
import { attainmentState } from "./attainment";

it("judges a target by its attainment and the elapsed share of the period", () => {
  expect(attainmentState(1.16, 1.34)).toMatchObject({ status: "reached" });
  expect(attainmentState(0.5, 1.25)).toEqual({ status: "ahead", elapsed: 0.4 });
  expect(attainmentState(0.38, 0.95).status).toBe("close");
  expect(attainmentState(0.2, 0.5).status).toBe("behind");
  expect(attainmentState(0.8, 0.8)).toEqual({ status: "missed", elapsed: 1 });
});

it("does not judge a period that has not begun, or a measure without a value", () => {
  expect(attainmentState(0, null)).toEqual({ status: "unknown", elapsed: null });
  expect(attainmentState(null, null)).toEqual({ status: "unknown", elapsed: null });
  expect(attainmentState(0, 0)).toEqual({ status: "behind", elapsed: null });
});

it("has no pace for a rate, and treats the target as a limit where lower is better", () => {
  expect(attainmentState(0.95, 1.2, { cumulative: false })).toEqual({ status: "below", elapsed: null });
  expect(attainmentState(1.1, 1.2, { cumulative: false }).status).toBe("reached");
  expect(attainmentState(0.8, 0.9, { better: "lower" }).status).toBe("within");
  expect(attainmentState(1.2, 1.4, { better: "lower" }).status).toBe("over");
});
