import { expect, it } from "vitest";
import type { FunnelStage } from "@/api/shapes";
import { lossesOf } from "./losses";

const stage = (name: string, loss_reasons: Record<string, number>) => ({ stage: name, loss_reasons }) as FunnelStage;

it("adds up the reasons of all stages, and says where each counts most", () => {
  expect(lossesOf([stage("a", { price: 2, other: 1 }), stage("b", { price: 3 })])).toEqual({
    total: 6, reasons: [{ reason: "price", n: 5, most: "b" }, { reason: "other", n: 1, most: "a" }],
  });
});
