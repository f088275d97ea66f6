/** GET requests as hooks. A query key begins with the route's template, by which live updates invalidate it. */
import { keepPreviousData, QueryClient, type UseQueryResult, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import {
  get,
  type ItemOf,
  type ListPage,
  type ListRoute,
  type RequestOptions,
  type ResponseOf,
  type Route,
} from "./client";
import { Problem } from "./problem";

export const POLL_INTERVAL_MS = 15_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof Problem) || error.status === 0 || error.status >= 502),
      retryDelay: (attempt) => 500 * 2 ** attempt,
    },
  },
});

export type Parameters = Pick<RequestOptions, "path" | "query">;

export interface QueryOptions {
  enabled?: boolean;
  /** Keeps the data of the previous parameters while those of new ones load. */
  keepPrevious?: boolean;
  pollMs?: number | false;
}

/** One resource. */
export function useGet<P extends Route<"GET">>(
  template: P,
  parameters: Parameters = {},
  options: QueryOptions = {},
): UseQueryResult<ResponseOf<P>, Error> {
  return useQuery<ResponseOf<P>, Error>({
    queryKey: [template, parameters.path ?? {}, parameters.query ?? {}],
    queryFn: ({ signal }) => get(template, { ...parameters, signal }),
    enabled: options.enabled ?? true,
    placeholderData: options.keepPrevious ? keepPreviousData : undefined,
    refetchInterval: options.pollMs ?? false,
  });
}

/** A list that is loaded page by page; `items` holds all items loaded so far. */
export function useList<P extends ListRoute>(
  template: P,
  parameters: Parameters = {},
  options: QueryOptions & { limit?: number } = {},
) {
  const result = useInfiniteQuery({
    queryKey: [template, parameters.path ?? {}, parameters.query ?? {}, "pages"],
    queryFn: ({ pageParam, signal }) =>
      get(template, {
        ...parameters,
        query: { ...parameters.query, limit: options.limit ?? 100, cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last as ListPage<unknown>).next ?? undefined,
    enabled: options.enabled ?? true,
    placeholderData: options.keepPrevious ? keepPreviousData : undefined,
  });
  const items = useMemo(
    () => (result.data?.pages as ListPage<ItemOf<P>>[] | undefined)?.flatMap((page) => page.items) ?? [],
    [result.data],
  );
  return { ...result, items };
}

/** Invalidates every query whose route begins with one of the templates. */
export function invalidate(...templates: string[]): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: (query) => templates.some((template) => String(query.queryKey[0]).startsWith(template)),
  });
}
