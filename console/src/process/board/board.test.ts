import { describe, expect, it } from "vitest";
import type { BoardColumn, Deal, Transition } from "@/api/shapes";
import { reasonText, stepTo, subject, verdictFor } from "../moving/reasons";
import { columnSort, ordered, totals, withMoved } from "./columns";
import { nearest } from "./keyboard";

const column = (stage: string, more: Partial<BoardColumn> = {}): BoardColumn => ({ pipeline: "p", stage, type: "open", count: 0, sums: [], ...more });
const deal = (id: string, stage: string): Deal => ({ opportunity_id: id, stage }) as Deal;
const step = (name: string, to: string, more: Partial<Transition> = {}): Transition =>
  ({ name, to, title: { en: name, zh: name }, to_title: {}, owners: [], allowed: true, reasons: [], fields: [], checklist: [], actions: [], ...more });

describe("a board", () => {
  it("has its stages in their order, those of older blueprints behind", () => {
    expect(ordered([column("old", { order: undefined }), column("b", { order: 1 }), column("a", { order: 0 })]).map((c) => c.stage)).toEqual(["a", "b", "old"]);
  });

  it("adds up each currency on its own", () => {
    const eur = { amount_minor: 100, currency: "EUR" }, jpy = { amount_minor: 7, currency: "JPY" };
    expect(totals([column("a", { count: 2, sums: [eur, jpy] }), column("b", { count: 3, sums: [eur] })]))
      .toEqual({ count: 5, sums: [{ amount_minor: 200, currency: "EUR" }, jpy] });
  });

  it("reads closed deals latest first, whatever the order of the open ones", () => {
    expect(columnSort(column("won", { type: "won" }), "-amount")).toBe("-closed_on");
    expect(columnSort(column("a"), "-amount")).toBe("-amount");
  });

  it("shows a moved deal once, where it is now", () => {
    const moved = deal("1", "b");
    expect(withMoved("a", [deal("1", "a"), deal("2", "a")], [moved]).map((d) => d.opportunity_id)).toEqual(["2"]);
    expect(withMoved("b", [deal("3", "b")], [moved]).map((d) => d.opportunity_id)).toEqual(["1", "3"]);
    expect(withMoved("b", [deal("1", "b"), deal("3", "b")], [moved]).map((d) => d.opportunity_id)).toEqual(["1", "3"]);
  });

  it("takes a deal with the keyboard to the column beside", () => {
    expect(nearest([100, 300, 500], 290)).toBe(1);
    expect(nearest([100, 300, 500], 9000)).toBe(2);
  });
});

describe("a drop", () => {
  const steps = [step("win", "won", { allowed: false, checklist: [{ name: "signed", title: { en: "Signed" } }] }), step("lose", "lost", { allowed: false }), step("demo", "shown")];

  it("is free, asks for something first, or is never possible", () => {
    expect(verdictFor("shown", steps)).toBe("free");
    expect(verdictFor("won", steps)).toBe("form");
    expect(verdictFor("proposed", steps)).toBe("never");
  });

  it("takes the step that may be made at once before one that asks", () => {
    expect(stepTo("won", [step("fast", "won", { allowed: false }), step("slow", "won")])?.name).toBe("slow");
    expect(stepTo("proposed", steps)).toBeUndefined();
  });

  it("says what is missing in the viewer's words", () => {
    const t = (key: string, values?: object): string => `${key} ${JSON.stringify(values)}`;
    const title = (x: unknown, name?: string | null): string => (x as { en?: string } | undefined)?.en ?? name ?? "";
    const told = (code: string, path: string): string => reasonText({ code, path, message: "server's words" }, steps[0], t as never, title);
    expect(told("checklist_open", "/checklist/signed")).toBe('reason.checklist_open {"item":"Signed"}');
    expect(told("criteria_not_met", "/transition")).toBe("server's words");
    expect(subject("/fields/a~1b")).toBe("a/b");
  });
});
