/** What a screen reader hears while a deal is in hand. */
import type { Active, DndContextProps } from "@dnd-kit/core";
import type { Deal } from "@/api/shapes";
import { useSay } from "@/i18n";
import type { Verdict } from "../moving/reasons";

/** The deal that is dragged, and what it is called. */
export function inHand(active: Active): { deal: Deal; name: string } {
  return active.data.current as { deal: Deal; name: string };
}

interface Told { stage: (stage: string) => string; verdict: (stage: string) => Verdict | "same" | undefined }

export function useDragWords({ stage, verdict }: Told): DndContextProps["accessibility"] {
  const t = useSay();
  const dealOf = (active: Active): Deal => inHand(active).deal;
  const name = (active: Active): string => inHand(active).name;
  return {
    screenReaderInstructions: { draggable: t("board.help") },
    announcements: {
      onDragStart: ({ active }) => t("board.picked", { deal: name(active), stage: stage(dealOf(active).stage) }),
      onDragOver: ({ over }) => {
        if (!over) return undefined;
        const told = verdict(String(over.id));
        return t("board.over", { stage: stage(String(over.id)), verdict: told ? t(`board.verdict.${told}`) : t("board.busy") });
      },
      onDragEnd: ({ active, over }) => {
        const deal = dealOf(active);
        return over && String(over.id) !== deal.stage ? undefined : t("board.back", { deal: name(active), stage: stage(deal.stage) });
      },
      onDragCancel: ({ active }) => t("board.back", { deal: name(active), stage: stage(dealOf(active).stage) }),
    },
  };
}
