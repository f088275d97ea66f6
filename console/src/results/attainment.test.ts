import { expect, it } from "vitest";
import { aimed } from "./attainment";

it("tells a target by its attainment and the time that is past", () => {
  expect(aimed(1.16, 1.34)).toMatchObject({ name: "reached" });
  expect(aimed(0.5, 1.25)).toEqual({ name: "ahead", past: 0.4 });
  expect(aimed(0.38, 0.95).name).toBe("close");
  expect(aimed(0.2, 0.5).name).toBe("behind");
  expect(aimed(0.8, 0.8)).toEqual({ name: "missed", past: 1 });
});

it("does not judge what has not begun, or has no figure", () => {
  expect(aimed(0, null)).toEqual({ name: "unknown", past: null });
  expect(aimed(null, null)).toEqual({ name: "unknown", past: null });
  expect(aimed(0, 0)).toEqual({ name: "behind", past: null });
});

it("gives no pace to a rate, and a limit to what should be little", () => {
  expect(aimed(0.95, 1.2, { grows: false })).toEqual({ name: "below", past: null });
  expect(aimed(1.1, 1.2, { grows: false }).name).toBe("reached");
  expect([aimed(0.8, 0.9, { wanted: "less" }).name, aimed(1.2, 1.4, { wanted: "less" }).name]).toEqual(["within", "over"]);
});
