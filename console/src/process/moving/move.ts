/** Moving a deal: one request, with the revision that the viewer saw. */
import { call, get } from "@/api/client";
import { goneStale } from "@/api/hooks";
import type { Deal, Transitions } from "@/api/shapes";

export interface Move { transition: string; fields?: Record<string, unknown>; checklist?: string[]; note?: string }

/** The deal as it then stands. Throws Problem: 409 with every reason, 412 when somebody else was faster. */
export async function moveDeal(id: string, move: Move, rev?: number): Promise<Deal> {
  const { body } = await call<Deal>("POST", "/v1/opportunities/{id}/transitions", {
    path: { id }, body: move,
    headers: { "idempotency-key": crypto.randomUUID(), ...(rev === undefined ? {} : { "if-match": `"${rev}"` }) },
  });
  void goneStale("/v1/opportunities", "/v1/worklist", "/v1/funnels");
  return body;
}

export function stepsOf(id: string): Promise<Transitions> {
  return get("/v1/opportunities/{id}/transitions", { path: { id } });
}

/** Say that something was done for a deal; it counts once the deal has heard of it. */
export async function logActivity(deal: Deal, kind: string): Promise<void> {
  await call("POST", "/v1/activities", {
    headers: { "idempotency-key": crypto.randomUUID() },
    body: {
      kind, subject: { kind: "opportunity", id: deal.opportunity_id }, opportunity_id: deal.opportunity_id,
      business_line: deal.business_line, customer_id: deal.customer_id, rep_id: deal.rep_id, region: deal.region, team: deal.team,
    },
  });
}
