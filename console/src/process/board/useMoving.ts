/** What happens to a deal in hand: what is possible is asked when it is picked up, the drop is a step of its blueprint. */
import { useCallback, useState } from "react";
import { Problem } from "@/api/problem";
import type { Deal, Reason, Transition } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { announce } from "@/ui/announce";
import { moveDeal, stepsOf } from "../moving/move";
import { reasonText, stepTo, type Verdict, verdictFor } from "../moving/reasons";

/** A deal, and what it is called. */
export interface Held { deal: Deal; name: string }
export interface Asking extends Held { step: string; refused: Reason[] }

export function useMoving(stageName: (stage: string) => string, onMoved: (deal: Deal) => void) {
  const t = useSay();
  const title = useTitle();
  const [held, setHeld] = useState<Held | null>(null);
  const [steps, setSteps] = useState<Transition[] | null>(null);
  const [asking, setAsking] = useState<Asking | null>(null);

  const pick = useCallback((one: Held): void => {
    setHeld(one);
    setSteps(null);
    stepsOf(one.deal.opportunity_id).then((found) => setSteps(found.items)).catch((e: Error) => announce(e.message, "bad"));
  }, []);

  const verdict = (stage: string): Verdict | "same" | undefined =>
    !held ? undefined : stage === held.deal.stage ? "same" : steps ? verdictFor(stage, steps) : undefined;

  const moved = (deal: Deal, name: string): void => {
    setAsking(null);
    onMoved(deal);
    announce(t("board.moved", { deal: name, stage: stageName(deal.stage) }));
  };

  const refuse = ({ deal, name }: Held, step: Transition, reasons: Reason[]): void => {
    const missing = reasons.map((r) => reasonText(r, step, t, title)).join(" · ");
    announce(t("board.refused", { deal: name, from: stageName(deal.stage), missing }), "bad");
    setAsking({ deal, name, step: step.name, refused: reasons });
  };

  const drop = async (one: Held, stage: string): Promise<void> => {
    const { deal, name } = one;
    setHeld(null);
    if (stage === deal.stage) return;
    const possible = (await stepsOf(deal.opportunity_id)).items;
    const step = stepTo(stage, possible);
    if (!step) {
      const ways = possible.map((s) => title(s.title, s.name)).join(", ") || t("board.possible.none");
      return announce(t("board.refused.never", { deal: name, from: stageName(deal.stage), to: stageName(stage), possible: ways }), "bad");
    }
    if (!step.allowed) return refuse(one, step, step.reasons);
    try {
      moved(await moveDeal(deal.opportunity_id, { transition: step.name }, deal.rev), name);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 412) announce(t("move.stale"), "bad");
      else if (error.errors.length) refuse(one, step, error.errors.map((e) => ({ code: e.code, path: e.pointer, message: e.message })));
      else announce(error.message, "bad");
    }
  };

  return {
    held, steps, asking, verdict, pick, moved,
    put: (): void => setHeld(null),
    close: (): void => setAsking(null),
    drop: (one: Held, stage: string): void => void drop(one, stage).catch((e: Error) => announce(e.message, "bad")),
  };
}
