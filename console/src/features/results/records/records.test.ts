import { expect, it } from "vitest";
import type { FactRecord } from "@/shared/api/types";
import { contribution, splitCondition } from "./records";

const count = (sum: number, n = 1): FactRecord["counts"][number] => ({
  measure: "m",
  day: null,
  dimensions: { currency: "EUR" },
  n,
  sum,
  value: null,
  member: null,
});

it("a fact contributes an amount, or a number", () => {
  const deal = contribution({ fact: "deal", id: "d", counts: [count(0), count(500)] });
  expect(deal).toEqual({ amount: 500, n: 1, currency: "EUR" });
  const activity = contribution({ fact: "activity", id: "a", counts: [count(0, 2)] });
  expect(activity).toEqual({ amount: 2, n: 2, currency: null });
  expect(contribution({ fact: "deal", id: "d", counts: [] })).toEqual({ amount: 0, n: 0, currency: null });
});

it("a condition has a dimension and a label", () => {
  expect(splitCondition("region:West:2")).toEqual(["region", "West:2"]);
  expect([splitCondition("region:"), splitCondition("region")]).toEqual([
    ["region", ""],
    ["region", ""],
  ]);
});
