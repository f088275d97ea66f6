/** Search for deals, leads, customers and reps by id or name; an API without search finds complete ids only. */
import { useQuery } from "@tanstack/react-query";
import type { useNavigate } from "@tanstack/react-router";
import { useDeferredValue } from "react";
import { get } from "@/shared/api/client";
import { isNotAvailable } from "@/shared/api/problem";

export type SearchResultKind = "opportunity" | "lead" | "customer" | "rep";
type Navigate = ReturnType<typeof useNavigate>;

export interface SearchResult {
  key: string;
  label: string;
  detail?: string;
  kind?: SearchResultKind;
  open: (navigate: Navigate) => Promise<void>;
}

const OPEN: Record<SearchResultKind, (navigate: Navigate, id: string) => Promise<void>> = {
  opportunity: (navigate, id) => navigate({ to: "/process/deals/$id", params: { id } }),
  lead: (navigate, id) => navigate({ to: "/process/leads/$id", params: { id } }),
  customer: (navigate, id) => navigate({ to: "/process/customers/$id", params: { id } }),
  rep: (navigate, rep) => navigate({ to: "/process/worklist", search: { rep } }),
};

function searchResult(kind: SearchResultKind, id: string, name?: string | null, detail?: string | null): SearchResult {
  return {
    key: `${kind} ${id}`,
    kind,
    label: name ?? id,
    detail: detail ?? (name ? id : undefined),
    open: (navigate) => OPEN[kind](navigate, id),
  };
}

interface SearchResults {
  results: SearchResult[];
  /** The API has no search endpoint: only complete ids are found. */
  byId: boolean;
}

async function search(q: string, signal: AbortSignal): Promise<SearchResults> {
  try {
    const { items } = await get("/v1/search", { query: { q, limit: 20 }, signal });
    const known = items.filter((item) => item.kind in OPEN);
    return { results: known.map((item) => searchResult(item.kind, item.id, item.name)), byId: false };
  } catch (error) {
    if (!isNotAvailable(error)) throw error;
    return { results: await lookUpById(q, signal), byId: true };
  }
}

async function lookUpById(id: string, signal: AbortSignal): Promise<SearchResult[]> {
  if (!/^[A-Za-z0-9._:-]{1,128}$/.test(id)) return [];
  const orNull = <T>(response: Promise<T>): Promise<T | null> => response.catch(() => null);
  const [deal, lead, customer] = await Promise.all([
    orNull(get("/v1/opportunities/{id}", { path: { id }, signal })),
    orNull(get("/v1/leads/{lead_id}", { path: { lead_id: id }, signal })),
    orNull(get("/v1/customers/{id}", { path: { id }, signal })),
  ]);
  return [
    ...(deal ? [searchResult("opportunity", deal.opportunity_id, null, deal.customer_id)] : []),
    ...(lead ? [searchResult("lead", lead.lead_id, lead.contact?.company)] : []),
    ...(customer ? [searchResult("customer", customer.customer_id, customer.name)] : []),
  ];
}

export function useSearchResults(text: string): SearchResults & { busy: boolean } {
  const q = useDeferredValue(text.trim());
  const { data, isFetching } = useQuery({
    queryKey: ["/v1/search", q],
    enabled: q.length > 1,
    staleTime: 10_000,
    retry: false,
    queryFn: ({ signal }) => search(q, signal),
  });
  return { results: q.length > 1 ? (data?.results ?? []) : [], byId: data?.byId ?? false, busy: isFetching };
}
