/** What screen readers announce while a deal is dragged. */
import type { Active, DndContextProps } from "@dnd-kit/core";
import { useTranslate } from "@/shared/i18n";
import type { DropOutcome } from "../transitions/transitions";
import type { DraggedDeal } from "./useDealDrag";

/** The deal and its name, as `useDraggable` was given them. */
export function draggedDeal(active: Active): DraggedDeal {
  return active.data.current as DraggedDeal;
}

interface Options {
  stageTitle: (stage: string) => string;
  dropOutcome: (stage: string) => DropOutcome | undefined;
}

export function useDragAnnouncements({ stageTitle, dropOutcome }: Options): DndContextProps["accessibility"] {
  const t = useTranslate();
  const returned = (active: Active): string => {
    const { deal, name } = draggedDeal(active);
    return t("board.drag.returned", { deal: name, stage: stageTitle(deal.stage) });
  };
  return {
    screenReaderInstructions: { draggable: t("board.drag.help") },
    announcements: {
      onDragStart: ({ active }) => {
        const { deal, name } = draggedDeal(active);
        return t("board.drag.started", { deal: name, stage: stageTitle(deal.stage) });
      },
      onDragOver: ({ over }) => {
        if (!over) return undefined;
        const stage = String(over.id);
        const outcome = dropOutcome(stage);
        return t("board.drag.over", {
          stage: stageTitle(stage),
          outcome: t(outcome ? `board.drop.${outcome}` : "board.drop.loading"),
        });
      },
      onDragEnd: ({ active, over }) =>
        over && String(over.id) !== draggedDeal(active).deal.stage ? undefined : returned(active),
      onDragCancel: ({ active }) => returned(active),
    },
  };
}
