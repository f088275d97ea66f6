/** Whether a higher value of a measure is better. It decides the colour of a change and how a target is judged. */
export type Better = "higher" | "lower" | "neither";

/** A measure as the API describes it; `better` is absent where the API does not state it yet. */
export interface MeasureReference {
  measure: string;
  better?: string | null;
}

/** Shipped measures whose direction is known, for an API that does not state `better`. */
const SHIPPED: Record<string, Better> = {
  cycle_days: "lower",
  cycle_days_won: "lower",
  dwell_days: "lower",
  leads_lost: "lower",
  opportunities_lost: "lower",
  refunds: "lower",
  sla_breaches: "lower",
  open_pipeline: "neither",
  stage_exits: "neither",
  surveys_invited: "neither",
};

export function betterOf({ measure, better }: MeasureReference): Better {
  if (better === "higher" || better === "lower" || better === "neither") return better;
  return SHIPPED[measure] ?? "higher";
}
