/** Names of customers, asked for many ids at once. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, type Page } from "./client";
import type { Customer } from "./shapes";

const AT_ONCE = 50;

/** Chunks by arrival: what is added to the end of a list asks only for what is new. */
export function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

export function useCustomerNames(ids: readonly (string | null | undefined)[]): (id: string | null | undefined) => string | undefined {
  const wanted = useMemo(() => chunks([...new Set(ids.filter((id): id is string => Boolean(id)))], AT_ONCE), [ids]);
  const found = useQueries({
    queries: wanted.map((some) => ({
      queryKey: ["/v1/customers", {}, { id: some }], staleTime: 300_000,
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<Customer>>("/v1/customers", { query: { id: some }, signal }),
    })),
  });
  const names = new Map(found.flatMap((q) => q.data?.items ?? []).map((c) => [c.customer_id, c.name]));
  return (id) => (id ? (names.get(id) ?? undefined) : undefined);
}
