/** What is found for a text: by the API's search; where it has none, whole ids are looked up. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { get } from "@/api/client";
import { isLacking } from "@/api/problem";

export type HitKind = "opportunity" | "lead" | "customer" | "rep";
export interface Hit { key: string; label: string; more?: string; kind?: HitKind; to: string; params?: Record<string, string>; search?: Record<string, string> }

const PLACES: Record<HitKind, (id: string) => Pick<Hit, "to" | "params" | "search">> = {
  opportunity: (id) => ({ to: "/process/deals/$id", params: { id } }),
  lead: (id) => ({ to: "/process/leads/$id", params: { id } }),
  customer: (id) => ({ to: "/process/customers/$id", params: { id } }),
  rep: (rep) => ({ to: "/process/worklist", search: { rep } }),
};

function hit(kind: HitKind, id: string, name?: string | null, more?: string | null): Hit {
  const label = name ?? id;
  return { key: `${kind} ${id}`, kind, label, more: more ?? (name ? id : undefined), ...PLACES[kind](id) };
}

async function find(q: string, signal: AbortSignal): Promise<{ hits: Hit[]; byId: boolean }> {
  try {
    const found = await get("/v1/search", { query: { q, limit: 20 }, signal });
    return { hits: found.items.filter((i) => i.kind in PLACES).map((i) => hit(i.kind, i.id, i.name)), byId: false };
  } catch (error) {
    if (!isLacking(error)) throw error;
    return { hits: await byId(q, signal), byId: true };
  }
}

async function byId(id: string, signal: AbortSignal): Promise<Hit[]> {
  if (!/^[A-Za-z0-9._:-]{1,128}$/.test(id)) return [];
  const or404 = <T>(asked: Promise<T>): Promise<T | null> => asked.catch(() => null);
  const [deal, lead, customer] = await Promise.all([
    or404(get("/v1/opportunities/{id}", { path: { id }, signal })),
    or404(get("/v1/leads/{lead_id}", { path: { lead_id: id }, signal })),
    or404(get("/v1/customers/{id}", { path: { id }, signal })),
  ]);
  return [
    ...(deal ? [hit("opportunity", deal.opportunity_id, null, deal.customer_id)] : []),
    ...(lead ? [hit("lead", lead.lead_id, lead.contact?.company)] : []),
    ...(customer ? [hit("customer", customer.customer_id, customer.name)] : []),
  ];
}

export function useSearchHits(text: string): { hits: Hit[]; byId: boolean; busy: boolean } {
  const q = useDeferredValue(text.trim());
  const { data, isFetching } = useQuery({
    queryKey: ["/v1/search", q], enabled: q.length > 1, staleTime: 10_000, retry: false,
    queryFn: ({ signal }) => find(q, signal),
  });
  return { hits: q.length > 1 ? (data?.hits ?? []) : [], byId: data?.byId ?? false, busy: isFetching };
}
