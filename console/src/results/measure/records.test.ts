import { expect, it } from "vitest";
import type { Fact } from "@/api/shapes";
import { chosenWhere, countsOf, placeOf } from "./records";

const count = (sum: number, n = 1): Fact["counts"][number] => ({ measure: "m", day: null, dimensions: { currency: "EUR" }, n, sum, value: null, member: null });

it("reads the conditions of an address, and nothing from a broken one", () => {
  expect(chosenWhere('["region:West","currency:EUR"]')).toEqual(["region:West", "currency:EUR"]);
  expect([chosenWhere("["), chosenWhere("{}"), chosenWhere(undefined), chosenWhere("[1]")]).toEqual([[], [], [], []]);
});

it("says what a fact counts for, money as money", () => {
  expect(countsOf({ fact: "deal", id: "d", counts: [count(0), count(500)] })).toEqual({ amount: 500, n: 1, currency: "EUR" });
  expect(countsOf({ fact: "activity", id: "a", counts: [count(0, 2)] })).toEqual({ amount: 2, n: 2, currency: null });
});

it("leads to pages only where there are some", () => {
  expect(placeOf({ fact: "deal", id: "d 1", counts: [] })).toEqual({ to: "/process/deals/$id", params: { id: "d 1" } });
  expect(placeOf({ fact: "payment", id: "p", counts: [] })).toBeNull();
});
