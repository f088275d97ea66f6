import type { Lead } from "@/shared/api/types";
import { useNames } from "@/shared/i18n";
import { Badge, type Tone } from "@/shared/ui/primitives";

const TONES: Record<string, Tone> = { qualified: "accent", converted: "good", lost: "bad" };

export function LeadStatus({ status }: { status: string }) {
  const statusName = useNames("lead.status");
  return <Badge tone={TONES[status]}>{statusName(status)}</Badge>;
}

/** The company of a lead, else the contact's name, else its id. */
export function leadName(lead: Lead): string {
  return lead.contact?.company ?? lead.contact?.name ?? lead.lead_id;
}
