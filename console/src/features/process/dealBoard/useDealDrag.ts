/** Dragging a deal on the board: its transitions are fetched at the start, the drop requests one of them. */
import { useCallback, useState } from "react";
import { Problem } from "@/shared/api/problem";
import type { Deal, Reason, Transition } from "@/shared/api/types";
import { useTitle, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { reasonText } from "../transitions/reasons";
import { fetchTransitions, reasonsOf, requestTransition } from "../transitions/requests";
import { type DropOutcome, dropOutcome, transitionTo } from "../transitions/transitions";

export interface DraggedDeal {
  deal: Deal;
  name: string;
}

/** A transition that was refused and can be completed in its form. */
export interface RefusedTransition extends DraggedDeal {
  transition: string;
  reasons: Reason[];
}

export function useDealDrag(stageTitle: (stage: string) => string, onMoved: (deal: Deal) => void) {
  const t = useTranslate();
  const title = useTitle();
  const [dragged, setDragged] = useState<DraggedDeal | null>(null);
  const [transitions, setTransitions] = useState<Transition[] | null>(null);
  const [refused, setRefused] = useState<RefusedTransition | null>(null);

  const start = useCallback((next: DraggedDeal): void => {
    setDragged(next);
    setTransitions(null);
    fetchTransitions(next.deal.opportunity_id)
      .then(({ items }) => setTransitions(items))
      .catch((error: Error) => announce(error.message, "bad"));
  }, []);

  /** Undefined while nothing is dragged, or while the transitions are loading. */
  const outcomeFor = (stage: string): DropOutcome | undefined =>
    dragged && transitions ? dropOutcome(stage, dragged.deal, transitions) : undefined;

  const moved = (deal: Deal, name: string): void => {
    setRefused(null);
    onMoved(deal);
    announce(t("deal.moved", { deal: name, stage: stageTitle(deal.stage) }));
  };

  const refuse = ({ deal, name }: DraggedDeal, transition: Transition, reasons: Reason[]): void => {
    const missing = reasons.map((reason) => reasonText(reason, transition, t, title)).join(" · ");
    announce(t("board.refused", { deal: name, from: stageTitle(deal.stage), missing }), "bad");
    setRefused({ deal, name, transition: transition.name, reasons });
  };

  const drop = async (dropped: DraggedDeal, stage: string): Promise<void> => {
    const { deal, name } = dropped;
    setDragged(null);
    if (stage === deal.stage) return;
    const { items } = await fetchTransitions(deal.opportunity_id);
    const transition = transitionTo(stage, items);
    if (!transition) {
      const possible =
        items.map((one) => `“${title(one.to_title, one.to)}”`).join(t("list.separator")) || t("board.possible.none");
      const values = { deal: name, from: stageTitle(deal.stage), to: stageTitle(stage), possible };
      return announce(t("board.refused.impossible", values), "bad");
    }
    if (!transition.allowed) return refuse(dropped, transition, transition.reasons);
    try {
      moved(await requestTransition(deal.opportunity_id, { transition: transition.name }, deal.rev), name);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 412) announce(t("transition.stale"), "bad");
      else if (error.errors.length) refuse(dropped, transition, reasonsOf(error));
      else announce(error.message, "bad");
    }
  };

  return {
    dragged,
    refused,
    outcomeFor,
    start,
    moved,
    cancel: (): void => setDragged(null),
    closeForm: (): void => setRefused(null),
    drop: (dropped: DraggedDeal, stage: string): void =>
      void drop(dropped, stage).catch((error: Error) => announce(error.message, "bad")),
  };
}
