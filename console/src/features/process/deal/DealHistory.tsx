import { AlarmClock, Ban, Check, CircleDot, type LucideIcon, Pencil, RotateCcw, Trophy, XCircle } from "lucide-react";
import { useEffect } from "react";
import { useRepName } from "@/shared/api/organisation";
import { useList } from "@/shared/api/queries";
import type { HistoryRow, Reason } from "@/shared/api/types";
import { type Money, useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";
import { isMessageKey, type MessageKey } from "@/shared/i18n/catalogue";
import { Button } from "@/shared/ui/Button";
import { Badge, Timestamp } from "@/shared/ui/primitives";
import { ErrorState, LoadingState } from "@/shared/ui/queryStates";
import { recordedReasonText } from "../transitions/reasons";
import { changesOf, openedStage, stringField, type TrackedField } from "./changes";

const ICONS: Record<string, LucideIcon> = {
  "crm.opportunity.opened.v1": CircleDot,
  "crm.opportunity.revised.v1": Pencil,
  "crm.stage.entered.v1": Check,
  "crm.transition.refused.v1": Ban,
  "crm.opportunity.won.v1": Trophy,
  "crm.opportunity.lost.v1": XCircle,
  "crm.opportunity.reopened.v1": RotateCcw,
  "crm.sla.breached.v1": AlarmClock,
  "crm.sla.retracted.v1": AlarmClock,
};

interface Titles {
  stageTitle: (stage: string) => string;
  transitionTitle: (transition: string) => string;
}

interface Props extends Titles {
  id: string;
  /** The deal's revision: a new one has new events. */
  rev: number;
}

/** The events of a deal, latest first. */
export function DealHistory({ id, rev, ...titles }: Props) {
  const t = useTranslate();
  const { items, isPending, error, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useList(
    "/v1/opportunities/{id}/history",
    { path: { id } },
    { limit: 200 },
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision has new events
  useEffect(() => void refetch(), [rev, refetch]);
  if (error && items.length === 0) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (isPending) return <LoadingState rows={4} />;
  if (items.length === 0) return <p className="card-body muted">{t("history.empty")}</p>;
  return (
    <>
      <ol className="history">
        {items
          .filter(isShown)
          .reverse()
          .map((row) => (
            <HistoryEntry key={row.sequence} row={row} {...titles} />
          ))}
      </ol>
      {hasNextPage && (
        <p className="card-body">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("state.more")}
          </Button>
        </p>
      )}
    </>
  );
}

/** Entering the first stage is part of the deal's opening. */
function isShown(row: HistoryRow): boolean {
  return row.type !== "crm.stage.entered.v1" || stringField(row, "from") !== null;
}

function HistoryEntry({ row, stageTitle, transitionTitle }: { row: HistoryRow } & Titles) {
  const t = useTranslate();
  const repName = useRepName();
  const Icon = ICONS[row.type] ?? CircleDot;
  const key = `event.${row.type}`;
  const stage = (name: string): string => stageTitle(stringField(row, name) ?? "");
  const to = row.type === "crm.opportunity.opened.v1" ? stageTitle(openedStage(row)) : stage("to");
  const transition = transitionTitle(stringField(row, "transition") ?? "");
  const headline = isMessageKey(key)
    ? t(key, { from: stage("from"), to, stage: stage("stage"), transition })
    : row.type;
  const actor = stringField(row, "actor_id");
  const reasons = (row.data.reasons as Reason[] | undefined) ?? [];
  return (
    <li data-type={row.type}>
      <Icon className="icon" aria-hidden />
      <div className="grow">
        <div className="row tight">
          <span>{headline}</span>
          {row.data.outside_blueprint === true && <Badge tone="warn">{t("event.outsideBlueprint")}</Badge>}
        </div>
        {reasons.map((reason) => (
          <div key={reason.code + reason.path} className="small muted">
            {recordedReasonText(reason, t, transitionTitle)}
          </div>
        ))}
        <Changes row={row} />
      </div>
      <div className="small muted history-when">
        <Timestamp at={row.time} />
        {actor && <div>{t("event.by", { who: repName(actor) })}</div>}
      </div>
    </li>
  );
}

const LABELS: Record<TrackedField, MessageKey> = {
  amount: "deal.amount",
  expected_close_on: "deal.expectedClose",
  rep_id: "deal.rep",
  customer_id: "deal.customer",
  region: "deal.region",
  team: "deal.team",
  forecast_category: "deal.forecast",
  deal_kind: "deal.kind",
  product_id: "deal.product",
};

function Changes({ row }: { row: HistoryRow }) {
  const t = useTranslate();
  const format = useFormat();
  const show = (value: unknown): string => {
    if (value === null) return "–";
    return typeof value === "object" && "amount_minor" in value ? format.money(value as Money) : String(value);
  };
  return changesOf(row).map(({ field, before, after }) => (
    <div key={field} className="small muted">
      {t("event.change", { field: t(LABELS[field]), before: show(before), after: show(after) })}
    </div>
  ));
}
