import { useDroppable } from "@dnd-kit/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Ban, CircleCheck, ClipboardList, Trophy, XCircle } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useDealNames } from "@/shared/api/customerNames";
import { useList } from "@/shared/api/queries";
import type { BoardColumn, Deal } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Amount } from "@/shared/ui/primitives";
import { useBeforePrint, usePrinting } from "@/shared/ui/printing";
import { ErrorState } from "@/shared/ui/queryStates";
import type { DealSort } from "../searchValues";
import type { DropOutcome } from "../transitions/transitions";
import { columnSort, withMovedDeals } from "./columns";
import { DealCard, DealCardContent } from "./DealCard";

const CARD_PX = 96;
const PREFETCH_ROWS = 20;
const OUTCOME_ICONS = { allowed: CircleCheck, form: ClipboardList, impossible: Ban, same: null };

interface Props {
  column: BoardColumn;
  filters: Record<string, string | undefined>;
  sort: DealSort;
  now: number;
  moved: readonly Deal[];
  /** What a drop of the dragged deal would do here; undefined while none is dragged. */
  dropOutcome?: DropOutcome;
}

/** A stage and its deals, as a virtual list that prefetches its next page. */
export function StageColumn({ column, filters, sort, now, moved, dropOutcome }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const scroller = useRef<HTMLDivElement>(null);
  const { items, hasNextPage, isFetchingNextPage, fetchNextPage, isPending, error, refetch } = useList(
    "/v1/opportunities",
    {
      query: { ...filters, pipeline: column.pipeline, stage: column.stage, sort: columnSort(column, sort) },
    },
    { keepPrevious: true },
  );
  const deals = useMemo(() => withMovedDeals(column.stage, items, moved), [column.stage, items, moved]);
  const dealName = useDealNames(deals);
  const { setNodeRef, isOver } = useDroppable({ id: column.stage });
  const rows = useVirtualizer({
    count: deals.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_PX,
    overscan: 6,
    getItemKey: (index) => deals[index]?.opportunity_id ?? index,
  });
  const visible = rows.getVirtualItems();
  const lastVisible = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastVisible >= deals.length - PREFETCH_ROWS) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, lastVisible, deals.length, fetchNextPage]);
  const printing = usePrinting();
  useBeforePrint(
    useCallback(async () => {
      for (let more = hasNextPage; more; ) more = (await fetchNextPage({ cancelRefetch: false })).hasNextPage;
    }, [hasNextPage, fetchNextPage]),
  );
  const stage = title(column.title, column.stage);
  const Icon = column.type === "won" ? Trophy : column.type === "lost" ? XCircle : null;
  const OutcomeIcon = dropOutcome && OUTCOME_ICONS[dropOutcome];
  return (
    <section
      ref={setNodeRef}
      className="board-column"
      data-stage={column.stage}
      data-drop={dropOutcome}
      data-over={isOver || undefined}
      aria-label={t("board.column", { stage, n: column.count })}
    >
      <header>
        <h2 className="row tight">
          {Icon && <Icon className={`icon ${column.type === "won" ? "good-text" : "bad-text"}`} aria-hidden />}
          <span className="clip">{stage}</span>
          <span className="muted">{format.number(column.count)}</span>
        </h2>
        {OutcomeIcon ? (
          <span className="small row tight">
            <OutcomeIcon className="icon" aria-hidden />
            {t(`board.drop.${dropOutcome}`)}
          </span>
        ) : (
          <span className="muted small">{column.sums.length ? <Amount money={column.sums} compact /> : " "}</span>
        )}
      </header>
      <div
        className="board-cards"
        ref={scroller}
        tabIndex={deals.length ? 0 : undefined}
        role="group"
        aria-label={stage}
      >
        {error ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : isPending ? (
          <CardSkeletons count={column.count} />
        ) : deals.length === 0 ? (
          <p className="muted board-empty">{t("board.empty")}</p>
        ) : printing ? (
          <ul className="board-print">
            {deals.map((deal) => (
              <li key={deal.opportunity_id}>
                <div className="deal-card">
                  <DealCardContent deal={deal} now={now} name={dealName(deal)} />
                </div>
              </li>
            ))}
          </ul>
        ) : (
          <ul style={{ height: rows.getTotalSize() }}>
            {visible.map((row) => {
              const deal = deals[row.index];
              return (
                deal && (
                  <li
                    key={row.key}
                    style={{ transform: `translateY(${row.start}px)`, height: CARD_PX }}
                    aria-setsize={column.count}
                    aria-posinset={row.index + 1}
                  >
                    <DealCard deal={deal} now={now} name={dealName(deal)} />
                  </li>
                )
              );
            })}
          </ul>
        )}
      </div>
    </section>
  );
}

function CardSkeletons({ count }: { count: number }) {
  return (
    <div className="stack">
      {[0, 1, 2, 3].slice(0, count).map((index) => (
        <div key={index} className="skeleton" style={{ height: CARD_PX - 8 }} />
      ))}
    </div>
  );
}
