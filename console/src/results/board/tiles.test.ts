import { describe, expect, it } from "vitest";
import { balanced } from "./tiles";

describe("headlines", () => {
  it("stand in rows that are about as full as each other", () => {
    expect([0, 1, 3, 4, 5, 7, 8, 9].map((n) => balanced(n, 4))).toEqual([1, 1, 3, 4, 3, 4, 4, 3]);
    expect([5, 7, 8].map((n) => balanced(n, 7))).toEqual([5, 7, 4]);
  });
});
