import type { Rep, Target } from "@/api/shapes";
import { expect, it } from "vitest";
import { groups, tree } from "./tree";

const rep = (rep_id: string, team: string, region: string): Rep => ({ rep_id, team, region, name: null, department: null, manager_id: null, roles: [] });
const people = [rep("anna", "Mill", "East"), rep("ben", "Ridge", "West")];
const target = (scope: Record<string, string>, value = 1, measure = "revenue", currency: string | null = "EUR"): Target =>
  ({ period: "2026", measure, scope, currency, value, set_at: null, set_by: "", actual: 0, attainment: 0, pace: null, rev: 1 });

it("places each target below the closest one that contains it, as the organisation says", () => {
  const nodes = tree([target({ rep: "anna" }), target({ team: "Mill" }), target({}), target({ region: "East" }), target({ rep: "ben" })], people);
  expect(nodes.map((n) => [Object.values(n.target.scope).join(), n.depth])).toEqual([["", 0], ["East", 1], ["Mill", 2], ["anna", 3], ["ben", 1]]);
});

it("adds up what lies directly below, when it is of one kind", () => {
  const [company] = tree([target({}, 100), target({ region: "East" }, 60), target({ region: "West" }, 30)], people);
  expect(company?.parts).toEqual({ n: 2, sum: 90 });
  const [mixed] = tree([target({}, 100), target({ region: "East" }, 60), target({ rep: "ben" }, 30)], people);
  expect(mixed?.parts).toBeNull();
});

it("keeps measures and currencies apart", () => {
  expect(groups([target({}), target({}, 5, "visits", null), target({}, 7, "revenue", "JPY")]).map((g) => g.length)).toEqual([1, 1, 1]);
});
