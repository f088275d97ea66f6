import { AlarmClock, Ban, Check, CircleDot, Pencil, RotateCcw, Trophy, XCircle } from "lucide-react";
import { useEffect } from "react";
import { usePages } from "@/api/hooks";
import { useRepName } from "@/api/names";
import type { HistoryRow, Reason } from "@/api/shapes";
import { type Money, useFormat } from "@/format";
import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { Button } from "@/ui/Button";
import { Badge, When } from "@/ui/small";
import { Failure, Loading } from "@/ui/states";
import { refusalText } from "../moving/reasons";
import { changesOf, text } from "./changes";

const ICONS: Record<string, typeof Check> = {
  "crm.opportunity.opened.v1": CircleDot, "crm.opportunity.revised.v1": Pencil, "crm.stage.entered.v1": Check,
  "crm.transition.refused.v1": Ban, "crm.opportunity.won.v1": Trophy, "crm.opportunity.lost.v1": XCircle,
  "crm.opportunity.reopened.v1": RotateCcw, "crm.sla.breached.v1": AlarmClock, "crm.sla.retracted.v1": AlarmClock,
};

interface Props { id: string; rev: number; stageTitle: (stage: string) => string; stepTitle: (step: string) => string }

/** What was said of the deal, latest first, by whom and when. `rev`: a new state has new history. */
export function History({ id, rev, stageTitle, stepTitle }: Props) {
  const t = useSay();
  const { items, isPending, error, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = usePages("/v1/opportunities/{id}/history", { path: { id } }, { limit: 200 });
  useEffect(() => void refetch(), [rev, refetch]);
  if (error && items.length === 0) return <Failure error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Loading rows={4} />;
  if (items.length === 0) return <p className="card-body muted">{t("deal.history.none")}</p>;
  return (
    <>
      <ol className="history">
        {[...items].reverse().filter(told).map((row) => <Row key={row.sequence} row={row} stageTitle={stageTitle} stepTitle={stepTitle} />)}
      </ol>
      {hasNextPage && <p className="card-body"><Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>{t("state.more")}</Button></p>}
    </>
  );
}

/** Entering the first stage is part of being opened. */
function told(row: HistoryRow): boolean {
  return row.type !== "crm.stage.entered.v1" || text(row, "from") !== null;
}

function Row({ row, stageTitle, stepTitle }: { row: HistoryRow } & Pick<Props, "stageTitle" | "stepTitle">) {
  const t = useSay();
  const repName = useRepName();
  const Icon = ICONS[row.type] ?? CircleDot;
  const key = `event.${row.type}`;
  const from = text(row, "from"), to = text(row, "to"), actor = text(row, "actor_id"), stage = text(row, "stage");
  const headline = row.type === "crm.opportunity.opened.v1" ? t(key as "event.crm.opportunity.opened.v1", { to: stageTitle(String((row.data.opportunity as { stage?: string })?.stage ?? "")) })
    : isKey(key) ? t(key, { from: stageTitle(from ?? ""), to: stageTitle(to ?? ""), stage: stageTitle(stage ?? ""), transition: stepTitle(text(row, "transition") ?? "") }) : row.type;
  const reasons = (row.data.reasons as Reason[] | undefined) ?? [];
  return (
    <li data-type={row.type}>
      <Icon className="icon" aria-hidden />
      <div className="grow">
        <div className="row tight"><span>{headline}</span>{row.data.outside_blueprint === true && <Badge tone="warn">{t("event.outside")}</Badge>}</div>
        {reasons.map((r) => <div key={r.code + r.path} className="small muted">{refusalText(r, t, stepTitle)}</div>)}
        <Changes row={row} />
      </div>
      <div className="small muted history-when"><When at={row.time} />{actor && <div>{t("event.by", { who: repName(actor) })}</div>}</div>
    </li>
  );
}

const LABELS: Record<string, string> = {
  amount: "deal.amount", expected_close_on: "deal.close", rep_id: "deal.rep", customer_id: "deal.customer", region: "deal.region",
  team: "deal.team", forecast_category: "deal.forecast", deal_kind: "deal.kind", product_id: "deal.product",
};

function Changes({ row }: { row: HistoryRow }) {
  const t = useSay();
  const format = useFormat();
  const shown = (value: unknown): string =>
    value === null ? "–" : typeof value === "object" && "amount_minor" in value ? format.money(value as Money) : String(value);
  return changesOf(row).map(({ field, before, after }) => {
    const label = LABELS[field] ?? field;
    return <div key={field} className="small muted">{t("event.change", { field: isKey(label) ? t(label) : label, before: shown(before), after: shown(after) })}</div>;
  });
}
