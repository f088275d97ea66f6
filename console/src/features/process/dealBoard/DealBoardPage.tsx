import {
  DndContext,
  DragOverlay,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  rectIntersection,
  TouchSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useGet } from "@/shared/api/queries";
import type { BoardColumn, Deal } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { toListQuery, useFilters } from "@/shared/routing/rootRoute";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { EmptyState, LoadingState, QueryView } from "@/shared/ui/queryStates";
import { Select } from "@/shared/ui/Select";
import { PipelineTabs, usePipeline } from "../PipelineTabs";
import { DEAL_SORTS, type DealSort } from "../searchValues";
import { useNow } from "../transitions/SlaBadge";
import { TransitionDialog } from "../transitions/TransitionDialog";
import { orderColumns, totals } from "./columns";
import { DealCardContent } from "./DealCard";
import { draggedDeal, useDragAnnouncements } from "./dragAnnouncements";
import { columnCoordinates } from "./keyboardCoordinates";
import { StageColumn } from "./StageColumn";
import { useDealDrag } from "./useDealDrag";
import "./dealBoard.css";

const MOVED_DEAL_MS = 4_000; // a moved deal stays in its new column until the lists have been refetched
const route = getRouteApi("/process/board");

/** A column for each stage of a pipeline. Deals move by pointer, by touch and by keyboard. */
export function DealBoardPage() {
  const t = useTranslate();
  const format = useFormat();
  const filters = useFilters();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { pipeline, pipelines } = usePipeline(search.pipeline);
  const sort = search.sort ?? "stage_entered_at";
  const query = useMemo(() => ({ ...toListQuery(filters), business_line: undefined }), [filters]);
  const board = useGet(
    "/v1/opportunities/board",
    { query: { ...query, pipeline: pipeline?.name } },
    { enabled: Boolean(pipeline), keepPrevious: true },
  );
  const open = totals((board.data?.columns ?? []).filter((column) => column.type === "open"));
  const sum = open.sums.map((money) => format.money(money, true)).join(" + ") || "0";
  return (
    <PageLayout
      fullHeight
      title={t("process.board")}
      subtitle={board.data ? t("board.subtitle", { n: open.count, sum }) : " "}
      tabs={<PipelineTabs to="/process/board" pipeline={pipeline} pipelines={pipelines} />}
      filters={
        <FilterBar use={["line", "region", "team", "rep"]}>
          <Select
            label={t("board.sort")}
            options={DEAL_SORTS.map((value) => ({ value, label: t(`board.sort.${value}`) }))}
            value={sort}
            onChange={(value) => navigate({ search: (before) => ({ ...before, sort: value }), replace: true })}
          />
        </FilterBar>
      }
    >
      <QueryView query={board} loading={<LoadingState rows={4} height="5rem" />}>
        {({ columns }) =>
          columns.length ? (
            <DealBoard key={pipeline?.name} columns={orderColumns(columns)} filters={query} sort={sort} />
          ) : (
            <EmptyState title={t("board.noDeals")} />
          )
        }
      </QueryView>
    </PageLayout>
  );
}

interface BoardProps {
  columns: BoardColumn[];
  filters: Record<string, string | undefined>;
  sort: DealSort;
}

function DealBoard({ columns, filters, sort }: BoardProps) {
  const title = useTitle();
  const now = useNow();
  const [moved, setMoved] = useState<Deal[]>([]);
  const stageTitle = (stage: string): string => title(columns.find((column) => column.stage === stage)?.title, stage);
  const showMoved = (deal: Deal): void => {
    setMoved((deals) => [deal, ...deals.filter((other) => other.opportunity_id !== deal.opportunity_id)]);
    setTimeout(() => setMoved((deals) => deals.filter((other) => other !== deal)), MOVED_DEAL_MS);
  };
  const drag = useDealDrag(stageTitle, showMoved);
  const { dragged, refused } = drag;
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: columnCoordinates }),
  );
  const accessibility = useDragAnnouncements({ stageTitle, dropOutcome: drag.outcomeFor });
  return (
    <DndContext
      sensors={sensors}
      accessibility={accessibility}
      autoScroll={{ threshold: { x: 0.15, y: 0.15 } }}
      collisionDetection={(args) => (args.pointerCoordinates ? pointerWithin(args) : rectIntersection(args))}
      onDragStart={({ active }) => drag.start(draggedDeal(active))}
      onDragCancel={drag.cancel}
      onDragEnd={({ active, over }) => (over ? drag.drop(draggedDeal(active), String(over.id)) : drag.cancel())}
    >
      <div className="board">
        {columns.map((column) => (
          <StageColumn
            key={column.stage}
            column={column}
            filters={filters}
            sort={sort}
            now={now}
            moved={moved}
            dropOutcome={drag.outcomeFor(column.stage)}
          />
        ))}
      </div>
      <DragOverlay dropAnimation={null}>
        {dragged && (
          <div className="deal-card held">
            <DealCardContent deal={dragged.deal} name={dragged.name} now={now} />
          </div>
        )}
      </DragOverlay>
      {refused && (
        <TransitionDialog
          deal={refused.deal}
          dealName={refused.name}
          transition={refused.transition}
          reasons={refused.reasons}
          stageTitle={stageTitle}
          onClose={drag.closeForm}
          onDone={(deal) => drag.moved(deal, refused.name)}
        />
      )}
    </DndContext>
  );
}
