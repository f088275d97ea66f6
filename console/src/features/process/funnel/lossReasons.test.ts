import { expect, it } from "vitest";
import type { FunnelStage } from "@/shared/api/types";
import { lossReasons } from "./lossReasons";

const stage = (name: string, loss_reasons: Record<string, number>) => ({ stage: name, loss_reasons }) as FunnelStage;

it("sums the loss reasons of all stages, with the stage of most losses", () => {
  expect(lossReasons([stage("a", { price: 2, other: 1 }), stage("b", { price: 3 })])).toEqual({
    total: 6,
    reasons: [
      { reason: "price", deals: 5, mainStage: "b" },
      { reason: "other", deals: 1, mainStage: "a" },
    ],
  });
});
