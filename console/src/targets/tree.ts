/** Targets as a tree: a rep's below the team's, the team's below the region's, all below the company's. Pure. */
import type { Rep, Target } from "@/api/shapes";

export interface Node { target: Target; depth: number; parts: { n: number; sum: number } | null }

const LEVELS = ["business_line", "region", "team", "rep"];

export function keyOf(t: Pick<Target, "measure" | "scope" | "currency">): string {
  return JSON.stringify([t.measure, Object.entries(t.scope).sort(), t.currency]);
}

/** Targets of one measure and currency at a time, in the order in which they first come. */
export function groups(targets: readonly Target[]): Target[][] {
  const found = new Map<string, Target[]>();
  for (const t of targets) found.set(`${t.measure} ${t.currency ?? ""}`, [...(found.get(`${t.measure} ${t.currency ?? ""}`) ?? []), t]);
  return [...found.values()];
}

/** The labels of a scope, and those that the organisation adds: a rep's team, a team's region. */
function whole(scope: Target["scope"], people: readonly Rep[]): Record<string, string | null | undefined> {
  const rep = people.find((p) => p.rep_id === scope.rep);
  const team = scope.team ?? rep?.team;
  return { region: rep?.region ?? people.find((p) => p.team === team)?.region, team, ...scope };
}

const rank = (scope: Target["scope"]): number =>
  10 * Math.max(0, ...Object.keys(scope).map((name) => LEVELS.indexOf(name) + 1)) + Object.keys(scope).length;

/** The nodes of one group in the order of the tree. `parts`: what lies directly below adds up to. */
export function tree(targets: readonly Target[], people: readonly Rep[]): Node[] {
  const parentOf = (t: Target): Target | undefined => {
    const own = whole(t.scope, people);
    return targets.filter((o) => rank(o.scope) < rank(t.scope) && Object.entries(o.scope).every(([name, label]) => own[name] === label))
      .sort((a, b) => rank(b.scope) - rank(a.scope))[0];
  };
  const below = new Map<Target | undefined, Target[]>();
  for (const t of targets) below.set(parentOf(t), [...(below.get(parentOf(t)) ?? []), t]);
  const order = (a: Target, b: Target): number => rank(a.scope) - rank(b.scope) || keyOf(a).localeCompare(keyOf(b));
  const walk = (parent: Target | undefined, depth: number): Node[] => (below.get(parent) ?? []).sort(order).flatMap((target) => {
    const children = below.get(target) ?? [];
    const same = new Set(children.map((c) => Object.keys(c.scope).sort().join())).size === 1;
    return [{ target, depth, parts: children.length && same ? { n: children.length, sum: children.reduce((s, c) => s + c.value, 0) } : null }, ...walk(target, depth + 1)];
  });
  return walk(undefined, 0);
}
