/** What happens to a deal in hand: what is possible is asked when it is picked up, the drop is a step of its blueprint. */
import { useCallback, useState } from "react";
import { Problem } from "@/api/problem";
import type { Deal, Reason, Transition } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { announce } from "@/ui/announce";
import { moveDeal, stepsOf } from "../moving/move";
import { reasonText, stepTo, type Verdict, verdictFor } from "../moving/reasons";

export interface Asking { deal: Deal; step: string; refused: Reason[] }
interface Names { deal: (deal: Deal) => string; stage: (stage: string) => string }

export function useMoving(names: Names, onMoved: (deal: Deal) => void) {
  const t = useSay();
  const title = useTitle();
  const [held, setHeld] = useState<Deal | null>(null);
  const [steps, setSteps] = useState<Transition[] | null>(null);
  const [asking, setAsking] = useState<Asking | null>(null);

  const pick = useCallback((deal: Deal): void => {
    setHeld(deal);
    setSteps(null);
    stepsOf(deal.opportunity_id).then((found) => setSteps(found.items)).catch((e: Error) => announce(e.message, "bad"));
  }, []);

  const verdict = (stage: string): Verdict | "same" | undefined =>
    !held ? undefined : stage === held.stage ? "same" : steps ? verdictFor(stage, steps) : undefined;

  const moved = (deal: Deal): void => {
    setAsking(null);
    onMoved(deal);
    announce(t("board.moved", { deal: names.deal(deal), stage: names.stage(deal.stage) }));
  };

  const refuse = (deal: Deal, step: Transition, reasons: Reason[]): void => {
    const missing = reasons.map((r) => reasonText(r, step, t, title)).join(" · ");
    announce(t("board.refused", { deal: names.deal(deal), from: names.stage(deal.stage), missing }), "bad");
    setAsking({ deal, step: step.name, refused: reasons });
  };

  const drop = async (deal: Deal, stage: string): Promise<void> => {
    setHeld(null);
    if (stage === deal.stage) return;
    const possible = (await stepsOf(deal.opportunity_id)).items;
    const step = stepTo(stage, possible);
    if (!step) {
      const ways = possible.map((s) => title(s.title, s.name)).join(", ") || t("board.possible.none");
      return announce(t("board.refused.never", { deal: names.deal(deal), from: names.stage(deal.stage), to: names.stage(stage), possible: ways }), "bad");
    }
    if (!step.allowed) return refuse(deal, step, step.reasons);
    try {
      moved(await moveDeal(deal.opportunity_id, { transition: step.name }, deal.rev));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 412) announce(t("move.stale"), "bad");
      else if (error.errors.length) refuse(deal, step, error.errors.map((e) => ({ code: e.code, path: e.pointer, message: e.message })));
      else announce(error.message, "bad");
    }
  };

  return {
    held, steps, asking, verdict, pick, moved,
    put: (): void => setHeld(null),
    close: (): void => setAsking(null),
    drop: (deal: Deal, stage: string): void => void drop(deal, stage).catch((e: Error) => announce(e.message, "bad")),
  };
}
