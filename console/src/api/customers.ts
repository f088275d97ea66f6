/** Names of customers and of leads' companies, asked for many ids at once. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, type ItemOf, type ListRoute, type Page } from "./client";
import type { Deal } from "./shapes";

const AT_ONCE = 50;

/** Chunks by arrival: what is added to the end of a list asks only for what is new. */
export function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

type Ids = readonly (string | null | undefined)[];

function useMany<P extends ListRoute>(template: P, ids: Ids): ItemOf<P>[] {
  const wanted = useMemo(() => chunks([...new Set(ids.filter((id): id is string => Boolean(id)))], AT_ONCE), [ids]);
  const found = useQueries({
    queries: wanted.map((some) => ({
      queryKey: [template, {}, { id: some }], staleTime: 300_000,
      queryFn: ({ signal }: { signal: AbortSignal }) => get(template, { query: { id: some }, signal }) as Promise<Page<ItemOf<P>>>,
    })),
  });
  return found.flatMap((q) => q.data?.items ?? []);
}

export function useCustomerNames(ids: Ids): (id: string | null | undefined) => string | undefined {
  const names = new Map(useMany("/v1/customers", ids).map((c) => [c.customer_id, c.name]));
  return (id) => (id ? (names.get(id) ?? undefined) : undefined);
}

type Named = Pick<Deal, "opportunity_id" | "customer_id" | "lead_id">;

/** What a deal is called: its customer's name, before there is one its lead's company, else an id. */
export function useDealNames(deals: readonly Named[]): (deal: Named) => string {
  const customer = useCustomerNames(useMemo(() => deals.map((d) => d.customer_id), [deals]));
  const leads = useMany("/v1/leads", useMemo(() => deals.map((d) => (d.customer_id ? null : d.lead_id)), [deals]));
  const companies = new Map(leads.map((l) => [l.lead_id, l.contact?.company ?? l.contact?.name]));
  return (deal) => customer(deal.customer_id) ?? deal.customer_id ?? companies.get(deal.lead_id ?? "") ?? deal.opportunity_id;
}
