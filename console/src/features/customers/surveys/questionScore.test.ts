import { expect, it } from "vitest";
import type { QuestionResult } from "@/shared/api/types";
import { npsBand, questionScore } from "./questionScore";

const result = (values: Partial<QuestionResult>): QuestionResult =>
  ({ id: "q", type: "nps", n: 3, distribution: {}, ...values }) as QuestionResult;

it("a question has one figure, by its type", () => {
  expect(questionScore(result({ nps: 40, margin: 5 }))).toEqual({ name: "NPS", value: 40, margin: 5, unit: "points" });
  expect(questionScore(result({ type: "enps", nps: -10 }))?.name).toBe("eNPS");
  expect(questionScore(result({ nps: null }))).toBeNull();
  expect(questionScore(result({}))).toBeNull();
});

it("answers to an NPS question fall into three bands", () => {
  expect([0, 6, 7, 8, 9, 10].map(npsBand)).toEqual([
    "detractors",
    "detractors",
    "passives",
    "passives",
    "promoters",
    "promoters",
  ]);
});
