/** Targets as a tree by scope: company, region, team, rep. Pure. */
import type { Rep, Target } from "@/shared/api/types";

export interface TargetNode {
  target: Target;
  depth: number;
  /** Number and sum of the targets directly below, when all of them are of one kind of scope. */
  parts: { n: number; sum: number } | null;
}

const LEVELS = ["business_line", "region", "team", "rep"];

export function targetKey(t: Pick<Target, "measure" | "scope" | "currency">): string {
  return JSON.stringify([t.measure, Object.entries(t.scope).sort(), t.currency]);
}

/** Targets grouped by measure and currency, in the order of their first target. */
export function groupTargets(targets: readonly Target[]): Target[][] {
  const groups = new Map<string, Target[]>();
  for (const target of targets) {
    const key = `${target.measure} ${target.currency ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  return [...groups.values()];
}

/** A scope with the labels that follow from the organisation: a rep's team, a team's region. */
function expandScope(scope: Target["scope"], reps: readonly Rep[]): Record<string, string | null | undefined> {
  const rep = reps.find((r) => r.rep_id === scope.rep);
  const team = scope.team ?? rep?.team;
  return { region: rep?.region ?? reps.find((r) => r.team === team)?.region, team, ...scope };
}

const scopeRank = (scope: Target["scope"]): number =>
  10 * Math.max(0, ...Object.keys(scope).map((name) => LEVELS.indexOf(name) + 1)) + Object.keys(scope).length;

/** The targets of one group in the order of the tree, parents before their children. */
export function targetTree(targets: readonly Target[], reps: readonly Rep[]): TargetNode[] {
  const parentOf = (t: Target): Target | undefined => {
    const own = expandScope(t.scope, reps);
    return targets
      .filter(
        (o) =>
          scopeRank(o.scope) < scopeRank(t.scope) &&
          Object.entries(o.scope).every(([name, label]) => own[name] === label),
      )
      .sort((a, b) => scopeRank(b.scope) - scopeRank(a.scope))[0];
  };
  const childrenOf = new Map<Target | undefined, Target[]>();
  for (const t of targets) childrenOf.set(parentOf(t), [...(childrenOf.get(parentOf(t)) ?? []), t]);
  const order = (a: Target, b: Target): number =>
    scopeRank(a.scope) - scopeRank(b.scope) || targetKey(a).localeCompare(targetKey(b));
  const walk = (parent: Target | undefined, depth: number): TargetNode[] =>
    (childrenOf.get(parent) ?? []).sort(order).flatMap((target) => {
      const children = childrenOf.get(target) ?? [];
      const same = new Set(children.map((c) => Object.keys(c.scope).sort().join())).size === 1;
      return [
        {
          target,
          depth,
          parts:
            children.length && same ? { n: children.length, sum: children.reduce((s, c) => s + c.value, 0) } : null,
        },
        ...walk(target, depth + 1),
      ];
    });
  return walk(undefined, 0);
}
