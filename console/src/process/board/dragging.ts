/** What a screen reader hears while a deal is in hand. */
import type { DndContextProps } from "@dnd-kit/core";
import type { Deal } from "@/api/shapes";
import { useSay } from "@/i18n";
import type { Verdict } from "../moving/reasons";

interface Told { name: (deal: Deal) => string; stage: (stage: string) => string; verdict: (stage: string) => Verdict | "same" | undefined }

export function useDragWords({ name, stage, verdict }: Told): DndContextProps["accessibility"] {
  const t = useSay();
  const dealOf = (active: { data: { current?: Record<string, unknown> } }): Deal => active.data.current?.deal as Deal;
  return {
    screenReaderInstructions: { draggable: t("board.help") },
    announcements: {
      onDragStart: ({ active }) => t("board.picked", { deal: name(dealOf(active)), stage: stage(dealOf(active).stage) }),
      onDragOver: ({ over }) => {
        if (!over) return undefined;
        const told = verdict(String(over.id));
        return t("board.over", { stage: stage(String(over.id)), verdict: told ? t(`board.verdict.${told}`) : t("board.busy") });
      },
      onDragEnd: ({ active, over }) => {
        const deal = dealOf(active);
        return over && String(over.id) !== deal.stage ? undefined : t("board.back", { deal: name(deal), stage: stage(deal.stage) });
      },
      onDragCancel: ({ active }) => t("board.back", { deal: name(dealOf(active)), stage: stage(dealOf(active).stage) }),
    },
  };
}
