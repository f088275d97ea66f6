import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useBlueprint, useTransitionTitles } from "@/shared/api/blueprints";
import { useDealNames } from "@/shared/api/customerNames";
import { useGet } from "@/shared/api/queries";
import type { Deal } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Card } from "@/shared/ui/Card";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge } from "@/shared/ui/primitives";
import { ErrorState, LoadingState, QueryView } from "@/shared/ui/queryStates";
import { SlaBadge, useNow } from "../transitions/SlaBadge";
import { TransitionDialog } from "../transitions/TransitionDialog";
import { DealFacts } from "./DealFacts";
import { DealHistory } from "./DealHistory";
import { NextTransitions } from "./NextTransitions";
import { StagePath } from "./StagePath";
import "./deal.css";

const TONES = { open: "accent", won: "good", lost: "bad" } as const;
const route = getRouteApi("/process/deals/$id");

/** A deal: its stage, the transitions from there, its attributes and its history. */
export function DealPage() {
  const { id } = route.useParams();
  const t = useTranslate();
  const query = useGet("/v1/opportunities/{id}", { path: { id } }, { keepPrevious: true });
  const deal = query.data?.opportunity_id === id ? query.data : undefined;
  const dealName = useDealNames(useMemo(() => (deal ? [deal] : []), [deal]));
  return (
    <PageLayout
      title={deal ? dealName(deal) : t("deal.title", { id })}
      parent={<Link to="/process/board">{t("process.board")}</Link>}
      narrow
      subtitle={deal && <DealSummary deal={deal} />}
    >
      {deal ? (
        <DealDetails deal={deal} name={dealName(deal)} />
      ) : query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingState />
      )}
    </PageLayout>
  );
}

function DealSummary({ deal }: { deal: Deal }) {
  const t = useTranslate();
  const format = useFormat();
  const now = useNow();
  return (
    <span className="row">
      <Badge tone={TONES[deal.status]}>{t(`status.${deal.status}`)}</Badge>
      {deal.amount && <strong>{format.money(deal.amount)}</strong>}
      <code className="muted">{deal.opportunity_id}</code>
      <SlaBadge deal={deal} now={now} />
    </span>
  );
}

function DealDetails({ deal, name }: { deal: Deal; name: string }) {
  const t = useTranslate();
  const title = useTitle();
  const [requested, setRequested] = useState<string | null>(null);
  const { data: blueprint } = useBlueprint(deal.blueprint);
  const transitionTitle = useTransitionTitles([deal.blueprint]);
  const transitions = useGet("/v1/opportunities/{id}/transitions", { path: { id: deal.opportunity_id } });
  const stages = blueprint?.stages ?? [];
  const secondaryStages = stages
    .filter((stage) => deal.status !== "open" || stage.type === "lost")
    .map((stage) => stage.name);
  const stageTitle = (name: string): string => title(stages.find((stage) => stage.name === name)?.title, name);
  return (
    <>
      {blueprint ? (
        <StagePath deal={deal} blueprint={blueprint} />
      ) : (
        <div className="skeleton" style={{ height: "3.25rem" }} />
      )}
      <div className="columns-2">
        <div className="stack-wide">
          <Card heading={t("deal.next")}>
            <QueryView query={transitions}>
              {({ items }) => (
                <NextTransitions transitions={items} secondaryStages={secondaryStages} onRequest={setRequested} />
              )}
            </QueryView>
          </Card>
          <Card heading={t("history.title")}>
            <DealHistory
              id={deal.opportunity_id}
              rev={deal.rev}
              stageTitle={stageTitle}
              transitionTitle={(transition) => transitionTitle(deal.blueprint, transition)}
            />
          </Card>
        </div>
        <DealFacts deal={deal} customerName={name} blueprint={blueprint} />
      </div>
      {requested && (
        <TransitionDialog
          deal={deal}
          dealName={name}
          transition={requested}
          stageTitle={stageTitle}
          onClose={() => setRequested(null)}
          onDone={(moved) => {
            setRequested(null);
            announce(t("deal.moved", { deal: name, stage: stageTitle(moved.stage) }));
          }}
        />
      )}
    </>
  );
}
