import { expect, it } from "vitest";
import { firstPage } from "./first";

it("is the results for who answers for them, the worklist for a rep, the health for an operator", () => {
  expect(["director", "manager", "admin"].map((role) => firstPage({ roles: [role] }))).toEqual(Array(3).fill("/results/boards"));
  expect(firstPage({ roles: ["rep"] })).toBe("/process/worklist");
  expect(firstPage({ roles: ["rep", "manager"] })).toBe("/results/boards");
  expect(firstPage({ roles: ["operator"] })).toBe("/operations/health");
  expect(firstPage(null)).toBe("/results/boards");
});
