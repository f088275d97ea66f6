/** The root of all routes. Its search parameters are the filters, which carry over from page to page. */
import { createRootRoute, retainSearchParams, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { period, type SearchOf, searchParams, text } from "./searchParams";

const PARSERS = { line: text, region: text, team: text, rep: text, period };
export type Filters = SearchOf<typeof PARSERS>;
export type FilterName = keyof Filters;
export const FILTERS: readonly FilterName[] = ["line", "region", "team", "rep", "period"];

export const rootRoute = createRootRoute({
  validateSearch: searchParams(PARSERS),
  search: { middlewares: [retainSearchParams<Filters>([...FILTERS])] },
});

export function useFilters(): Filters {
  const { line, region, team, rep, period } = rootRoute.useSearch();
  return useMemo(() => ({ line, region, team, rep, period }), [line, region, team, rep, period]);
}

/** Changes filters in the address. `undefined` has to be given to clear one: an absent filter is retained. */
export function useSetFilters(): (change: Filters) => void {
  const navigate = useNavigate();
  return useCallback(
    (change) => void navigate({ to: ".", search: (before) => ({ ...before, ...change }), replace: true }),
    [navigate],
  );
}

/** The filters as parameters of list routes. */
export function toListQuery({ line, region, team, rep }: Filters): Record<string, string | undefined> {
  return { business_line: line, region, team, rep_id: rep };
}

/** The filters as conditions of figures: `where=region:West`, repeatable. */
export function toConditions({ line, region, team, rep }: Filters): string[] {
  return Object.entries({ business_line: line, region, team, rep }).flatMap(([dimension, value]) =>
    value ? [`${dimension}:${value}`] : [],
  );
}
