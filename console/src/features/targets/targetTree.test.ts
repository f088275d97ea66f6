import { expect, it } from "vitest";
import type { Rep, Target } from "@/shared/api/types";
import { groupTargets, targetTree } from "./targetTree";

const rep = (rep_id: string, team: string, region: string): Rep => ({
  rep_id,
  team,
  region,
  name: null,
  department: null,
  manager_id: null,
  roles: [],
});
const reps = [rep("anna", "Mill", "East"), rep("ben", "Ridge", "West")];
const target = (
  scope: Record<string, string>,
  value = 1,
  measure = "revenue",
  currency: string | null = "EUR",
): Target => ({
  period: "2026",
  measure,
  scope,
  currency,
  value,
  set_at: null,
  set_by: "",
  actual: 0,
  attainment: 0,
  pace: null,
  rev: 1,
});

it("puts each target below the closest one whose scope contains it", () => {
  const nodes = targetTree(
    [target({ rep: "anna" }), target({ team: "Mill" }), target({}), target({ region: "East" }), target({ rep: "ben" })],
    reps,
  );
  expect(nodes.map((n) => [Object.values(n.target.scope).join(), n.depth])).toEqual([
    ["", 0],
    ["East", 1],
    ["Mill", 2],
    ["anna", 3],
    ["ben", 1],
  ]);
});

it("sums the targets directly below when they are of one kind", () => {
  const [company] = targetTree([target({}, 100), target({ region: "East" }, 60), target({ region: "West" }, 30)], reps);
  expect(company?.parts).toEqual({ n: 2, sum: 90 });
  const [mixed] = targetTree([target({}, 100), target({ region: "East" }, 60), target({ rep: "ben" }, 30)], reps);
  expect(mixed?.parts).toBeNull();
});

it("groups by measure and currency", () => {
  expect(
    groupTargets([target({}), target({}, 5, "visits", null), target({}, 7, "revenue", "JPY")]).map((g) => g.length),
  ).toEqual([1, 1, 1]);
});
