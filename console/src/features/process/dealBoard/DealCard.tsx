import { useDraggable } from "@dnd-kit/core";
import { Link } from "@tanstack/react-router";
import { GripVertical } from "lucide-react";
import type { KeyboardEventHandler, ReactNode } from "react";
import { useRepName } from "@/shared/api/organisation";
import type { Deal } from "@/shared/api/types";
import { usePermission } from "@/shared/api/viewer";
import { useTranslate } from "@/shared/i18n";
import { Amount } from "@/shared/ui/primitives";
import { SlaBadge } from "../transitions/SlaBadge";

interface Props {
  deal: Deal;
  name: string;
  now: number;
}

/** A deal on the board. A pointer drags the card, the keyboard its handle; both need the permission to write deals. */
export function DealCard({ deal, name, now }: Props) {
  const t = useTranslate();
  const canMove = usePermission()("deals:write");
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, isDragging } = useDraggable({
    id: deal.opportunity_id,
    data: { deal, name },
    disabled: !canMove,
  });
  const { onKeyDown, ...pointer } = listeners ?? {};
  return (
    <article
      ref={setNodeRef}
      className={`deal-card${isDragging ? " dragged" : ""}${canMove ? "" : " fixed"}`}
      data-deal={deal.opportunity_id}
      {...pointer}
    >
      <DealCardContent
        deal={deal}
        name={name}
        now={now}
        handle={
          canMove && (
            <button
              type="button"
              ref={setActivatorNodeRef}
              className="deal-handle"
              {...attributes}
              aria-roledescription={undefined}
              aria-label={t("board.handle", { deal: name })}
              onKeyDown={onKeyDown as KeyboardEventHandler | undefined}
            >
              <GripVertical className="icon" aria-hidden />
            </button>
          )
        }
      />
    </article>
  );
}

/** The content of a card, also used for the card under the pointer and in print. */
export function DealCardContent({ deal, name, now, handle }: Props & { handle?: ReactNode }) {
  const t = useTranslate();
  const repName = useRepName();
  return (
    <>
      <div className="deal-top">
        <Link
          to="/process/deals/$id"
          params={{ id: deal.opportunity_id }}
          className="deal-name clip"
          title={name}
          draggable={false}
        >
          {name}
        </Link>
        {handle}
      </div>
      <div className="deal-line">
        {deal.amount ? (
          <strong>
            <Amount money={deal.amount} />
          </strong>
        ) : (
          <span className="muted">{t("deal.noAmount")}</span>
        )}
        <SlaBadge deal={deal} now={now} />
      </div>
      <div className="deal-line muted small">
        <span className="clip">{repName(deal.rep_id)}</span>
        <span className="clip">{deal.region}</span>
      </div>
    </>
  );
}
