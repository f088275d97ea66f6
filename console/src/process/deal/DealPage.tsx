import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useDealNames } from "@/api/customers";
import { useGet } from "@/api/hooks";
import type { Blueprint, Deal } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { announce } from "@/ui/announce";
import { PageFrame } from "@/ui/Page";
import { Badge } from "@/ui/small";
import { Answered, Failure, Loading } from "@/ui/states";
import { SlaBadge, useNow } from "../moving/Sla";
import { StepDialog } from "../moving/StepDialog";
import { useBlueprint } from "../stages";
import { Facts } from "./Facts";
import { History } from "./History";
import { Next } from "./Next";
import { StagePath } from "./StagePath";
import "./deal.css";

const TONES = { open: "accent", won: "good", lost: "bad" } as const;

/** One deal: where it stands, what can happen next and why not, and who did what when. */
export function DealPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const t = useSay();
  const query = useGet("/v1/opportunities/{id}", { path: { id } }, { keep: true });
  const deal = query.data?.opportunity_id === id ? query.data : undefined;
  const nameOf = useDealNames(useMemo(() => (deal ? [deal] : []), [deal]));
  const name = deal ? nameOf(deal) : "";
  return (
    <PageFrame
      title={deal ? name : t("deal.title", { id })} above={[{ label: t("process.board"), to: "/process/board" }]} read
      sub={deal && <Standing deal={deal} />}
    >
      {deal ? <Whole deal={deal} name={name} /> : query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Loading />}
    </PageFrame>
  );
}

function Standing({ deal }: { deal: Deal }) {
  const t = useSay();
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

function Whole({ deal, name }: { deal: Deal; name: string }) {
  const t = useSay();
  const title = useTitle();
  const [step, setStep] = useState<string | null>(null);
  const blueprint = useBlueprint(deal.blueprint);
  const steps = useGet("/v1/opportunities/{id}/transitions", { path: { id: deal.opportunity_id } });
  const wayOut = deal.status === "open" ? (blueprint.data?.stages ?? []).filter((s) => s.type === "lost").map((s) => s.name) : (blueprint.data?.stages ?? []).map((s) => s.name);
  const stageTitle = (stage: string): string => title(blueprint.data?.stages.find((s) => s.name === stage)?.title, stage);
  return (
    <>
      {blueprint.data ? <StagePath deal={deal} blueprint={blueprint.data} /> : <div className="skeleton" style={{ height: "3.25rem" }} />}
      <div className="columns-2">
        <div className="stack-wide">
          <section className="card" aria-labelledby="next">
            <header className="card-head"><h2 id="next">{t("deal.next")}</h2></header>
            <Answered query={steps}>{(found) => <Next steps={found.items} lost={wayOut} onStep={setStep} />}</Answered>
          </section>
          <section className="card" aria-labelledby="history">
            <header className="card-head"><h2 id="history">{t("deal.history")}</h2></header>
            <History id={deal.opportunity_id} rev={deal.rev} stageTitle={stageTitle} stepTitle={stepTitler(blueprint.data, title)} />
          </section>
        </div>
        <Facts deal={deal} customer={name} blueprint={blueprint.data} />
      </div>
      {step && (
        <StepDialog deal={deal} name={name} step={step} stageTitle={stageTitle} onClose={() => setStep(null)}
          onDone={(moved) => {
            setStep(null);
            announce(t("board.moved", { deal: name, stage: stageTitle(moved.stage) }));
          }} />
      )}
    </>
  );
}

function stepTitler(blueprint: Blueprint | undefined, title: ReturnType<typeof useTitle>): (step: string) => string {
  return (step) => title(blueprint?.transitions.find((s) => s.name === step)?.title, step);
}
