/** The filters that stay while moving between views: they are part of every address. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

export const FILTERS = ["line", "region", "team", "rep", "period"] as const;
export type FilterName = (typeof FILTERS)[number];
export type Filters = Partial<Record<FilterName, string>>;
/** Everything behind the question mark is text; a page knows its own names. */
export type Search = Filters & Record<string, string | undefined>;

export function useFilters(): Filters {
  const search: Search = useSearch({ strict: false });
  const { line, region, team, rep, period } = search;
  return useMemo(() => ({ line, region, team, rep, period }), [line, region, team, rep, period]);
}

/** A page's own names in the address, beside the filters. */
export function useWords(): Search {
  return useSearch({ strict: false });
}

/** Change the address: undefined or "" takes a name out. `replace`: no new step in the browser's history. */
export function useSetWords(): (change: Search, replace?: boolean) => void {
  const navigate = useNavigate();
  return useCallback((change, replace = true) => {
    void navigate({ to: ".", search: ((before: Search) => ({ ...before, ...emptied(change) })) as never, replace });
  }, [navigate]);
}

/** What is taken out stays in as undefined: a name that is not there at all would go along from the address before. */
function emptied(change: Search): Search {
  return Object.fromEntries(Object.entries(change).map(([name, value]) => [name, value || undefined]));
}

/** The filters as most questions of the API name them. */
export function asQuery({ line, region, team, rep }: Filters): Record<string, string | undefined> {
  return { business_line: line, region, team, rep_id: rep };
}

/** The filters as figures name them: `where=region:West`, repeatable. */
export function asWhere({ line, region, team, rep }: Filters): string[] {
  return [line && `business_line:${line}`, region && `region:${region}`, team && `team:${team}`, rep && `rep:${rep}`]
    .filter((w): w is string => Boolean(w));
}
