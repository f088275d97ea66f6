import { useDraggable } from "@dnd-kit/core";
import { Link } from "@tanstack/react-router";
import { GripVertical } from "lucide-react";
import type { KeyboardEventHandler, ReactNode } from "react";
import { useMay } from "@/api/me";
import { useRepName } from "@/api/names";
import type { Deal } from "@/api/shapes";
import { useSay } from "@/i18n";
import { Amount } from "@/ui/small";
import { SlaBadge } from "../moving/Sla";

interface Props { deal: Deal; name: string; now: number }

/** A deal on the board. The whole card is dragged by a pointer; its handle is what the keyboard picks up. Who may only read moves nothing. */
export function Card({ deal, name, now }: Props) {
  const t = useSay();
  const fixed = !useMay()("deals:write");
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, isDragging } = useDraggable({ id: deal.opportunity_id, data: { deal, name }, disabled: fixed });
  const { onKeyDown, ...pointer } = listeners ?? {};
  return (
    <article ref={setNodeRef} className={`deal-card${isDragging ? " dragged" : ""}${fixed ? " fixed" : ""}`} data-deal={deal.opportunity_id} {...pointer}>
      <CardFace deal={deal} name={name} now={now} handle={!fixed &&
        <button type="button" ref={setActivatorNodeRef} className="deal-handle" {...attributes} aria-roledescription={undefined} aria-label={t("board.handle", { deal: name })} onKeyDown={onKeyDown as KeyboardEventHandler | undefined}>
          <GripVertical className="icon" aria-hidden />
        </button>
      } />
    </article>
  );
}

/** What the card shows; the same when it hangs under the pointer. */
export function CardFace({ deal, name, now, handle }: Props & { handle?: ReactNode }) {
  const t = useSay();
  const repName = useRepName();
  return (
    <>
      <div className="deal-top">
        <Link to="/process/deals/$id" params={{ id: deal.opportunity_id }} className="deal-name clip" title={name} draggable={false}>{name}</Link>
        {handle}
      </div>
      <div className="deal-line">
        {deal.amount ? <strong><Amount money={deal.amount} /></strong> : <span className="muted">{t("deal.noAmount")}</span>}
        <SlaBadge deal={deal} now={now} />
      </div>
      <div className="deal-line muted small">
        <span className="clip">{repName(deal.rep_id)}</span>
        <span className="clip">{deal.region}</span>
      </div>
    </>
  );
}
