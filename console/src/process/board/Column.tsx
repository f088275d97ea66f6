import { useDroppable } from "@dnd-kit/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Ban, CircleCheck, ClipboardList, Trophy, XCircle } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useDealNames } from "@/api/customers";
import { usePages } from "@/api/hooks";
import type { BoardColumn, Deal } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { usePrepared, usePrinting } from "@/ui/printing";
import { Amount } from "@/ui/small";
import { Failure } from "@/ui/states";
import type { Verdict } from "../moving/reasons";
import { Card, CardFace } from "./Card";
import { columnSort, type Sort, withMoved } from "./columns";

const CARD_PX = 96;
const AHEAD = 20;
const VERDICTS = { free: CircleCheck, form: ClipboardList, never: Ban, same: null } as const;

interface Props {
  column: BoardColumn;
  filters: Record<string, string | undefined>;
  sort: Sort;
  now: number;
  moved: readonly Deal[];
  /** What a drop of the deal in hand would mean here; undefined while none is in hand. */
  verdict?: Verdict | "same";
}

/** A stage and its deals; only those in sight are in the document, the next page is fetched before its end is. */
export function Column({ column, filters, sort, now, moved, verdict }: Props) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const place = useRef<HTMLDivElement>(null);
  const { items, hasNextPage, isFetchingNextPage, fetchNextPage, isPending, error, refetch } = usePages("/v1/opportunities", {
    query: { ...filters, pipeline: column.pipeline, stage: column.stage, sort: columnSort(column, sort) },
  }, { keep: true });
  const deals = useMemo(() => withMoved(column.stage, items, moved), [column.stage, items, moved]);
  const nameOf = useDealNames(deals);
  const { setNodeRef, isOver } = useDroppable({ id: column.stage });
  const rows = useVirtualizer({
    count: deals.length, getScrollElement: () => place.current, estimateSize: () => CARD_PX, overscan: 6,
    getItemKey: (i) => deals[i]?.opportunity_id ?? i,
  });
  const seen = rows.getVirtualItems();
  const lastSeen = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastSeen >= deals.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, lastSeen, deals.length, fetchNextPage]);
  const printing = usePrinting();
  usePrepared(useCallback(async () => {
    for (let more = hasNextPage; more;) more = (await fetchNextPage({ cancelRefetch: false })).hasNextPage;
  }, [hasNextPage, fetchNextPage]));
  const stage = title(column.title, column.stage);
  const Icon = column.type === "won" ? Trophy : column.type === "lost" ? XCircle : null;
  const Verdict = verdict && VERDICTS[verdict];
  return (
    <section ref={setNodeRef} className="board-column" data-stage={column.stage} data-verdict={verdict} data-over={isOver || undefined} aria-label={t("board.column", { stage, n: column.count })}>
      <header>
        <h2 className="row tight">{Icon && <Icon className={`icon ${column.type === "won" ? "good-text" : "bad-text"}`} aria-hidden />}<span className="clip">{stage}</span><span className="muted">{format.number(column.count)}</span></h2>
        {verdict && Verdict ? <span className="small row tight"><Verdict className="icon" aria-hidden />{t(`board.verdict.${verdict}`)}</span>
          : <span className="muted small">{column.sums.length ? <Amount money={column.sums} compact /> : " "}</span>}
      </header>
      <div className="board-cards" ref={place} tabIndex={deals.length ? 0 : undefined} role="group" aria-label={stage}>
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : isPending ? <Waiting n={column.count} /> : deals.length === 0 ? <p className="muted board-empty">{t("board.empty")}</p> : printing ? (
          <ul className="board-whole">{deals.map((deal) => <li key={deal.opportunity_id}><div className="deal-card"><CardFace deal={deal} now={now} name={nameOf(deal)} /></div></li>)}</ul>
        ) : (
          <ul style={{ height: rows.getTotalSize() }}>
            {seen.map((row) => {
              const deal = deals[row.index];
              return deal && (
                <li key={row.key} style={{ transform: `translateY(${row.start}px)`, height: CARD_PX }} aria-setsize={column.count} aria-posinset={row.index + 1}>
                  <Card deal={deal} now={now} name={nameOf(deal)} />
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </section>
  );
}

function Waiting({ n }: { n: number }) {
  return <div className="stack">{Array.from({ length: Math.min(n, 4) }, (_, i) => <div key={i} className="skeleton" style={{ height: CARD_PX - 8 }} />)}</div>;
}
