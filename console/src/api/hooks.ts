/** Questions as hooks. The key begins with the template, so that the live stream can name what has gone stale. */
import {
  keepPreviousData, QueryClient, type UseQueryResult, useInfiniteQuery, useQuery,
} from "@tanstack/react-query";
import { useMemo } from "react";
import { type AnswerOf, type Asked, get, type ItemOf, type ListRoute, type Page, type Route } from "./client";
import { Problem } from "./problem";

export const POLL_MS = 15_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 2 && (!(error instanceof Problem) || error.status === 0 || error.status >= 502),
      retryDelay: (attempt) => 500 * 2 ** attempt,
    },
  },
});

export interface Options { enabled?: boolean; keep?: boolean; poll?: number | false }

/** One question. `keep`: while another one is loading, what was there stays. */
export function useGet<P extends Route<"GET">>(template: P, asked: Pick<Asked, "path" | "query"> = {}, options: Options = {}): UseQueryResult<AnswerOf<P>, Error> {
  return useQuery<AnswerOf<P>, Error>({
    queryKey: [template, asked.path ?? {}, asked.query ?? {}],
    queryFn: ({ signal }) => get(template, { ...asked, signal }),
    enabled: options.enabled ?? true,
    placeholderData: options.keep ? keepPreviousData : undefined,
    refetchInterval: options.poll ?? false,
  });
}

/** A list, page after page; `items` is all that has come so far. */
export function usePages<P extends ListRoute>(template: P, asked: Pick<Asked, "path" | "query"> = {}, options: Options & { limit?: number } = {}) {
  const found = useInfiniteQuery({
    queryKey: [template, asked.path ?? {}, asked.query ?? {}, "pages"],
    queryFn: ({ pageParam, signal }) =>
      get(template, { ...asked, query: { ...asked.query, limit: options.limit ?? 100, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last as Page<unknown>).next ?? undefined,
    enabled: options.enabled ?? true,
    placeholderData: options.keep ? keepPreviousData : undefined,
  });
  const items = useMemo(() => (found.data?.pages as Page<ItemOf<P>>[] | undefined)?.flatMap((p) => p.items) ?? [], [found.data]);
  return { ...found, items };
}

/** Everything asked below these paths is stale. */
export function goneStale(...templates: string[]): Promise<void> {
  return queries.invalidateQueries({
    predicate: (query) => templates.some((t) => String(query.queryKey[0]).startsWith(t)),
  });
}
