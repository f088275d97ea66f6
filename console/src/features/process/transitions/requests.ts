/** Requests that move a deal. */
import { get, request } from "@/shared/api/client";
import type { Problem } from "@/shared/api/problem";
import { invalidate } from "@/shared/api/queries";
import type { Deal, Reason, Transitions } from "@/shared/api/types";

export interface TransitionRequest {
  transition: string;
  fields?: Record<string, unknown>;
  checklist?: string[];
  note?: string;
}

/** Returns the moved deal. Throws `Problem`: 409 with every reason, 412 if the deal is no longer at `rev`. */
export async function requestTransition(id: string, body: TransitionRequest, rev?: number): Promise<Deal> {
  const response = await request<Deal>("POST", "/v1/opportunities/{id}/transitions", {
    path: { id },
    body,
    headers: { "idempotency-key": crypto.randomUUID(), ...(rev === undefined ? {} : { "if-match": `"${rev}"` }) },
  });
  void invalidate("/v1/opportunities", "/v1/worklist", "/v1/funnels");
  return response.body;
}

export function fetchTransitions(id: string): Promise<Transitions> {
  return get("/v1/opportunities/{id}/transitions", { path: { id } });
}

/** The errors of a problem as reasons. */
export function reasonsOf(problem: Problem): Reason[] {
  return problem.errors.map(({ code, pointer, message }) => ({ code, path: pointer, message }));
}

/** Logs an activity for the deal. It counts once the deal has processed the event, shortly after. */
export async function logActivity(deal: Deal, kind: string): Promise<void> {
  await request("POST", "/v1/activities", {
    headers: { "idempotency-key": crypto.randomUUID() },
    body: {
      kind,
      subject: { kind: "opportunity", id: deal.opportunity_id },
      opportunity_id: deal.opportunity_id,
      business_line: deal.business_line,
      customer_id: deal.customer_id,
      rep_id: deal.rep_id,
      region: deal.region,
      team: deal.team,
    },
  });
}
