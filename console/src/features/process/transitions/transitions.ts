/** Which transition a drop on a stage means, and whether it is allowed at once. Pure. */
import type { Deal, Transition } from "@/shared/api/types";

/** What a drop on a stage does: nothing, the transition at once, its form, or a refusal. */
export type DropOutcome = "same" | "allowed" | "form" | "impossible";

const isImmediate = (transition: Transition): boolean => transition.allowed && transition.checklist.length === 0;

export function dropOutcome(stage: string, deal: Pick<Deal, "stage">, transitions: readonly Transition[]): DropOutcome {
  if (stage === deal.stage) return "same";
  const transition = transitionTo(stage, transitions);
  if (!transition) return "impossible";
  return isImmediate(transition) ? "allowed" : "form";
}

/** The transition to a stage; of several the one that needs the least input. */
export function transitionTo(stage: string, transitions: readonly Transition[]): Transition | undefined {
  const candidates = transitions.filter((transition) => transition.to === stage);
  return candidates.find(isImmediate) ?? candidates.find((transition) => transition.allowed) ?? candidates[0];
}
