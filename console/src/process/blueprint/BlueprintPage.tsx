import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useGet } from "@/api/hooks";
import type { Blueprint, BoardColumn } from "@/api/shapes";
import { useFormat } from "@/format";
import { useRoleName } from "@/frame/DeveloperBanner";
import { FilterBar } from "@/frame/FilterBar";
import { asQuery, useFilters } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { isKey } from "@/i18n/words";
import { PageFrame } from "@/ui/Page";
import { Badge } from "@/ui/small";
import { Answered } from "@/ui/states";
import { type Column, Table } from "@/ui/Table";
import { activityName } from "../moving/reasons";
import { PipelineTabs, usePipeline } from "../PipelineTabs";
import { useBlueprint } from "../stages";
import { BlueprintPicture } from "./BlueprintPicture";
import "./blueprint.css";

/** A pipeline's blueprint: its picture with the deals that stand in each stage now, and what each step asks for. */
export function BlueprintPage() {
  const t = useSay();
  const filters = useFilters();
  const { pipeline } = usePipeline();
  const query = useBlueprint(pipeline?.name);
  const board = useGet("/v1/opportunities/board", { query: { ...asQuery(filters), business_line: undefined, pipeline: pipeline?.name } }, { enabled: Boolean(pipeline), keep: true });
  const counts = useMemo(() => new Map((board.data?.columns ?? []).map((c) => [c.stage, c])), [board.data]);
  return (
    <PageFrame title={t("process.blueprint")} sub={t("blueprint.sub")} tabs={<PipelineTabs to="/process/blueprint" />} filters={<FilterBar use={["line", "region", "team", "rep"]} />}>
      <Answered query={query}>{(blueprint) => (
        <>
          <section className="card" aria-label={t("blueprint.picture")}>
            <div className="card-body blueprint-scroll" tabIndex={0} role="group" aria-label={t("blueprint.picture")}><BlueprintPicture blueprint={blueprint} counts={counts} /></div>
          </section>
          <section className="card" aria-labelledby="steps">
            <header className="card-head"><h2 id="steps">{t("blueprint.steps")}</h2><Badge>{`${blueprint.name}@${blueprint.version}`}</Badge></header>
            <Steps blueprint={blueprint} />
          </section>
          <section className="card" aria-labelledby="clocks">
            <header className="card-head"><h2 id="clocks">{t("blueprint.stages")}</h2></header>
            <Stages blueprint={blueprint} counts={counts} />
          </section>
        </>
      )}</Answered>
    </PageFrame>
  );
}

type Step = Blueprint["transitions"][number];

function Steps({ blueprint }: { blueprint: Blueprint }) {
  const t = useSay();
  const title = useTitle();
  const roleName = useRoleName();
  const stage = (name: string): string => title(blueprint.stages.find((s) => s.name === name)?.title, name);
  const columns: Column<Step>[] = [
    { id: "step", head: t("blueprint.step"), cell: (s) => <><strong>{title(s.title, s.name)}</strong>{s.reopen && <> <Badge>{t("blueprint.reopen")}</Badge></>}</> },
    { id: "from", head: t("blueprint.from"), cell: (s) => s.from.map(stage).join(", ") },
    { id: "to", head: t("blueprint.to"), cell: (s) => stage(s.to) },
    { id: "asks", head: t("blueprint.asks"), cell: (s) => <Asks step={s} /> },
    { id: "who", head: t("blueprint.who"), cell: (s) => s.owners.map(roleName).join(", ") || <span className="muted">{t("blueprint.anyone")}</span> },
  ];
  return <Table label={t("blueprint.steps")} columns={columns} rows={blueprint.transitions} rowKey={(s) => s.name} />;
}

function Asks({ step }: { step: Step }) {
  const t = useSay();
  const title = useTitle();
  const asked = [
    ...step.actions.map((a) => t("blueprint.action", { kind: activityName(a.kind, t), count: a.count })),
    ...step.requires.map((r) => (r.check ? `${r.field}: ${r.message ?? r.check}` : t("reason.field_required", { field: r.field }))),
    ...step.checklist.map((c) => `☐ ${title(c.title, c.name)}`),
  ];
  return (
    <>
      {asked.length === 0 && !step.criteria && <span className="muted">{t("blueprint.nothing")}</span>}
      <ul>{asked.map((a) => <li key={a}>{a}</li>)}</ul>
      {step.criteria && <code className="small">{step.criteria}</code>}
    </>
  );
}

function Stages({ blueprint, counts }: { blueprint: Blueprint; counts: Map<string, BoardColumn> }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const forecast = (name: string): string => (isKey(`forecast.${name}`) ? t(`forecast.${name}` as never) : name);
  const columns: Column<Blueprint["stages"][number]>[] = [
    { id: "stage", head: t("deal.stage"), cell: (s) => <Link to="/process/board" search={((q: object) => ({ ...q, pipeline: blueprint.name })) as never}>{title(s.title, s.name)}</Link> },
    { id: "now", head: t("blueprint.now"), number: true, cell: (s) => format.number(counts.get(s.name)?.count ?? 0), value: (s) => counts.get(s.name)?.count ?? 0 },
    { id: "probability", head: t("blueprint.probability"), number: true, cell: (s) => (s.probability === null ? "–" : format.ratio(s.probability)) },
    { id: "category", head: t("deal.forecast"), cell: (s) => forecast(s.forecast_category) },
    { id: "sla", head: t("sla.title"), cell: (s) => s.sla.map((l) => `${format.span(l.after_seconds)} (${l.level})`).join(", ") || <span className="muted">{t("sla.none")}</span> },
  ];
  return <Table label={t("blueprint.stages")} columns={columns} rows={blueprint.stages} rowKey={(s) => s.name} />;
}
