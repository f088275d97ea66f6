import { describe, expect, it } from "vitest";
import type { BoardColumn, Deal } from "@/shared/api/types";
import { columnSort, orderColumns, totals, withMovedDeals } from "./columns";
import { nearestIndex } from "./keyboardCoordinates";

const column = (stage: string, values: Partial<BoardColumn> = {}): BoardColumn => ({
  pipeline: "p",
  stage,
  type: "open",
  count: 0,
  sums: [],
  ...values,
});
const deal = (id: string, stage: string): Deal => ({ opportunity_id: id, stage }) as Deal;
const ids = (deals: readonly Deal[]): string[] => deals.map((one) => one.opportunity_id);

describe("the deal board", () => {
  it("has the stages in the order of the blueprint, those of earlier versions last", () => {
    const columns = [column("old", { order: undefined }), column("b", { order: 1 }), column("a", { order: 0 })];
    expect(orderColumns(columns).map((one) => one.stage)).toEqual(["a", "b", "old"]);
  });

  it("sums by currency", () => {
    const eur = { amount_minor: 100, currency: "EUR" };
    const jpy = { amount_minor: 7, currency: "JPY" };
    expect(totals([column("a", { count: 2, sums: [eur, jpy] }), column("b", { count: 3, sums: [eur] })])).toEqual({
      count: 5,
      sums: [{ amount_minor: 200, currency: "EUR" }, jpy],
    });
  });

  it("sorts closed deals by their day of closing", () => {
    expect(columnSort(column("won", { type: "won" }), "-amount")).toBe("-closed_on");
    expect(columnSort(column("a"), "-amount")).toBe("-amount");
  });

  it("shows a moved deal once, in its new stage", () => {
    const moved = deal("1", "b");
    expect(ids(withMovedDeals("a", [deal("1", "a"), deal("2", "a")], [moved]))).toEqual(["2"]);
    expect(ids(withMovedDeals("b", [deal("3", "b")], [moved]))).toEqual(["1", "3"]);
    expect(ids(withMovedDeals("b", [deal("1", "b"), deal("3", "b")], [moved]))).toEqual(["1", "3"]);
  });

  it("finds the nearest column for the keyboard", () => {
    expect(nearestIndex([100, 300, 500], 290)).toBe(1);
    expect(nearestIndex([100, 300, 500], 9000)).toBe(2);
  });
});
