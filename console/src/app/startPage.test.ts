import { expect, it } from "vitest";
import { startPage } from "./startPage";

it("is the board for those who answer for results, the worklist for reps, health for operators", () => {
  for (const role of ["director", "manager", "admin"]) expect(startPage({ roles: [role] })).toBe("/results/boards");
  expect(startPage({ roles: ["rep"] })).toBe("/process/worklist");
  expect(startPage({ roles: ["rep", "manager"] })).toBe("/results/boards");
  expect(startPage({ roles: ["operator"] })).toBe("/operations/health");
  expect(startPage(null)).toBe("/results/boards");
});
