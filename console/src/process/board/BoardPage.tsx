import { DndContext, DragOverlay, KeyboardSensor, MouseSensor, pointerWithin, rectIntersection, TouchSensor, useSensor, useSensors } from "@dnd-kit/core";
import { useMemo, useState } from "react";
import { useGet } from "@/api/hooks";
import type { BoardColumn, Deal } from "@/api/shapes";
import { useFormat } from "@/format";
import { FilterBar } from "@/frame/FilterBar";
import { asQuery, useFilters, useSetWords, useWords } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Select } from "@/ui/small";
import { Answered, Empty, Loading } from "@/ui/states";
import { useNow } from "../moving/Sla";
import { StepDialog } from "../moving/StepDialog";
import { PipelineTabs, usePipeline } from "../PipelineTabs";
import { CardFace } from "./Card";
import { Column } from "./Column";
import { isSort, ordered, type Sort, SORTS, totals } from "./columns";
import { inHand, useDragWords } from "./dragging";
import { besides } from "./keyboard";
import { useMoving } from "./useMoving";
import "./board.css";

/** The board of one pipeline: a column for each stage, deals that are moved by dragging, by keyboard, or on their page. */
export function BoardPage() {
  const t = useSay();
  const format = useFormat();
  const filters = useFilters();
  const words = useWords();
  const set = useSetWords();
  const { pipeline } = usePipeline();
  const sort: Sort = isSort(words.sort) ? words.sort : "stage_entered_at";
  const query = useMemo(() => ({ ...asQuery(filters), business_line: undefined }), [filters]);
  const board = useGet("/v1/opportunities/board", { query: { ...query, pipeline: pipeline?.name } }, { enabled: Boolean(pipeline), keep: true });
  const open = totals((board.data?.columns ?? []).filter((c) => c.type === "open"));
  const sum = open.sums.map((s) => format.money(s, true)).join(" + ") || "0";
  return (
    <PageFrame
      fill title={t("process.board")} sub={board.data ? t("board.sub", { n: open.count, sum }) : " "}
      tabs={<PipelineTabs to="/process/board" />}
      filters={<FilterBar use={["line", "region", "team", "rep"]}>
        <Select label={t("board.sort")} choices={SORTS.map((s) => ({ value: s, label: t(`board.sort.${s}`) }))} value={sort} onChoose={(value) => set({ sort: value })} />
      </FilterBar>}
    >
      <Answered query={board} loading={<Loading rows={4} height="5rem" />}>
        {({ columns }) => columns.length ? <Board key={pipeline?.name} columns={ordered(columns)} filters={query} sort={sort} /> : <Empty title={t("board.none")} />}
      </Answered>
    </PageFrame>
  );
}

interface BoardProps { columns: BoardColumn[]; filters: Record<string, string | undefined>; sort: Sort }

function Board({ columns, filters, sort }: BoardProps) {
  const title = useTitle();
  const now = useNow();
  const [moved, setMoved] = useState<Deal[]>([]);
  const stageName = (stage: string): string => title(columns.find((c) => c.stage === stage)?.title, stage);
  const stay = (deal: Deal): void => {
    setMoved((all) => [deal, ...all.filter((d) => d.opportunity_id !== deal.opportunity_id)]);
    setTimeout(() => setMoved((all) => all.filter((d) => d !== deal)), SETTLED_MS);
  };
  const moving = useMoving(stageName, stay);
  const { held, asking } = moving;
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: besides }),
  );
  const accessibility = useDragWords({ stage: stageName, verdict: moving.verdict });
  return (
    <DndContext
      sensors={sensors} accessibility={accessibility} autoScroll={{ threshold: { x: 0.15, y: 0.15 } }}
      collisionDetection={(args) => (args.pointerCoordinates ? pointerWithin(args) : rectIntersection(args))}
      onDragStart={({ active }) => moving.pick(inHand(active))}
      onDragCancel={moving.put}
      onDragEnd={({ active, over }) => (over ? moving.drop(inHand(active), String(over.id)) : moving.put())}
    >
      <div className="board">
        {columns.map((column) => <Column key={column.stage} column={column} filters={filters} sort={sort} now={now} moved={moved} verdict={moving.verdict(column.stage)} />)}
      </div>
      <DragOverlay dropAnimation={null}>{held && <div className="deal-card held"><CardFace deal={held.deal} name={held.name} now={now} /></div>}</DragOverlay>
      {asking && <StepDialog deal={asking.deal} name={asking.name} step={asking.step} refused={asking.refused} stageTitle={stageName} onClose={moving.close} onDone={(deal) => moving.moved(deal, asking.name)} />}
    </DndContext>
  );
}

/** How long a moved deal is kept where it was put, until the columns have been read again. */
const SETTLED_MS = 4_000;
