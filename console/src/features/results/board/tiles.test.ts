import { expect, it } from "vitest";
import { balancedColumns } from "./tiles";

it("headlines are in rows that are about equally full", () => {
  expect([0, 1, 3, 4, 5, 7, 8, 9].map((count) => balancedColumns(count, 4))).toEqual([1, 1, 3, 4, 3, 4, 4, 3]);
  expect([5, 7, 8].map((count) => balancedColumns(count, 7))).toEqual([5, 7, 4]);
});
