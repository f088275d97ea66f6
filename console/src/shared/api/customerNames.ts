/** Names of customers, deals and leads, fetched for many ids at once. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, type ItemOf, type ListPage, type ListRoute } from "./client";
import type { Deal } from "./types";

const CHUNK_SIZE = 50;

/** Chunks in the order of arrival: ids added at the end of a list fetch only the last chunk. */
export function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

type Ids = readonly (string | null | undefined)[];

function useByIds<P extends ListRoute>(template: P, ids: Ids): ItemOf<P>[] {
  const batches = useMemo(() => chunks([...new Set(ids.filter((id): id is string => Boolean(id)))], CHUNK_SIZE), [ids]);
  const results = useQueries({
    queries: batches.map((batch) => ({
      queryKey: [template, {}, { id: batch }],
      staleTime: 300_000,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get(template, { query: { id: batch }, signal }) as Promise<ListPage<ItemOf<P>>>,
    })),
  });
  return results.flatMap((result) => result.data?.items ?? []);
}

export function useCustomerNames(ids: Ids): (id: string | null | undefined) => string | undefined {
  const names = new Map(useByIds("/v1/customers", ids).map((c) => [c.customer_id, c.name]));
  return (id) => (id ? (names.get(id) ?? undefined) : undefined);
}

type DealReference = Pick<Deal, "opportunity_id" | "customer_id" | "lead_id">;

/** The name of a deal: its customer's; without a customer its lead's company; else an id. */
export function useDealNames(deals: readonly DealReference[]): (deal: DealReference) => string {
  const customerName = useCustomerNames(useMemo(() => deals.map((d) => d.customer_id), [deals]));
  const leads = useByIds(
    "/v1/leads",
    useMemo(() => deals.map((d) => (d.customer_id ? null : d.lead_id)), [deals]),
  );
  const companies = new Map(leads.map((l) => [l.lead_id, l.contact?.company ?? l.contact?.name]));
  return (deal) =>
    customerName(deal.customer_id) ?? deal.customer_id ?? companies.get(deal.lead_id ?? "") ?? deal.opportunity_id;
}
