import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useBlueprint } from "@/shared/api/blueprints";
import { useGet } from "@/shared/api/queries";
import type { Blueprint, BoardColumn } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { toListQuery, useFilters } from "@/shared/routing/rootRoute";
import { Card } from "@/shared/ui/Card";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";
import { type Column, Table } from "@/shared/ui/Table";
import { PipelineTabs, usePipeline } from "../PipelineTabs";
import { activityName } from "../transitions/reasons";
import { BlueprintDiagram } from "./BlueprintDiagram";
import "./blueprint.css";

const route = getRouteApi("/process/blueprint");

/** The blueprint of a pipeline: its stages with their deals, and its transitions with their requirements. */
export function BlueprintPage() {
  const t = useTranslate();
  const filters = useFilters();
  const { pipeline, pipelines } = usePipeline(route.useSearch().pipeline);
  const query = useBlueprint(pipeline?.name);
  const board = useGet(
    "/v1/opportunities/board",
    { query: { ...toListQuery(filters), business_line: undefined, pipeline: pipeline?.name } },
    { enabled: Boolean(pipeline), keepPrevious: true },
  );
  const counts = useMemo(
    () => new Map((board.data?.columns ?? []).map((column) => [column.stage, column])),
    [board.data],
  );
  return (
    <PageLayout
      title={t("process.blueprint")}
      subtitle={t("blueprint.subtitle")}
      tabs={<PipelineTabs to="/process/blueprint" pipeline={pipeline} pipelines={pipelines} />}
      filters={<FilterBar use={["line", "region", "team", "rep"]} />}
    >
      <QueryView query={query}>
        {(blueprint) => (
          <>
            <section className="card" aria-label={t("blueprint.diagram")}>
              <div className="card-body blueprint-scroll" tabIndex={0} role="group" aria-label={t("blueprint.diagram")}>
                <BlueprintDiagram blueprint={blueprint} counts={counts} />
              </div>
            </section>
            <Card
              heading={t("blueprint.transitions")}
              aside={<Badge>{`${blueprint.name}@${blueprint.version}`}</Badge>}
            >
              <TransitionTable blueprint={blueprint} />
            </Card>
            <Card heading={t("blueprint.stages")}>
              <StageTable blueprint={blueprint} counts={counts} />
            </Card>
          </>
        )}
      </QueryView>
    </PageLayout>
  );
}

type BlueprintTransition = Blueprint["transitions"][number];

function TransitionTable({ blueprint }: { blueprint: Blueprint }) {
  const t = useTranslate();
  const title = useTitle();
  const roleName = useNames("role");
  const stageTitle = (name: string): string =>
    title(blueprint.stages.find((stage) => stage.name === name)?.title, name);
  const columns: Column<BlueprintTransition>[] = [
    {
      id: "transition",
      header: t("blueprint.transition"),
      cell: (s) => (
        <>
          <strong>{title(s.title, s.name)}</strong>
          {s.reopen && (
            <>
              {" "}
              <Badge>{t("blueprint.reopen")}</Badge>
            </>
          )}
        </>
      ),
    },
    { id: "from", header: t("blueprint.from"), cell: (s) => s.from.map(stageTitle).join(t("list.separator")) },
    { id: "to", header: t("blueprint.to"), cell: (s) => stageTitle(s.to) },
    { id: "requirements", header: t("blueprint.requirements"), cell: (s) => <Requirements transition={s} /> },
    {
      id: "owners",
      header: t("blueprint.owners"),
      cell: (s) =>
        s.owners.map(roleName).join(t("list.separator")) || <span className="muted">{t("blueprint.anyone")}</span>,
    },
  ];
  return (
    <Table label={t("blueprint.transitions")} columns={columns} rows={blueprint.transitions} rowKey={(s) => s.name} />
  );
}

function Requirements({ transition }: { transition: BlueprintTransition }) {
  const t = useTranslate();
  const title = useTitle();
  const requirements = [
    ...transition.actions.map(({ kind, count }) => t("blueprint.activity", { kind: activityName(kind, t), count })),
    ...transition.requires.map(({ field, check, message }) =>
      check ? `${field}: ${message ?? check}` : t("reason.field_required", { field }),
    ),
    ...transition.checklist.map((item) => `☐ ${title(item.title, item.name)}`),
  ];
  return (
    <>
      {requirements.length === 0 && !transition.criteria && (
        <span className="muted">{t("blueprint.noRequirements")}</span>
      )}
      <ul>
        {requirements.map((requirement) => (
          <li key={requirement}>{requirement}</li>
        ))}
      </ul>
      {transition.criteria && <code className="small">{transition.criteria}</code>}
    </>
  );
}

function StageTable({ blueprint, counts }: { blueprint: Blueprint; counts: Map<string, BoardColumn> }) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const forecastName = useNames("forecast");
  const columns: Column<Blueprint["stages"][number]>[] = [
    {
      id: "stage",
      header: t("deal.stage"),
      cell: (s) => (
        <Link to="/process/board" search={{ pipeline: blueprint.name }}>
          {title(s.title, s.name)}
        </Link>
      ),
    },
    {
      id: "deals",
      header: t("blueprint.deals"),
      numeric: true,
      cell: (s) => format.number(counts.get(s.name)?.count ?? 0),
      sortValue: (s) => counts.get(s.name)?.count ?? 0,
    },
    {
      id: "probability",
      header: t("blueprint.probability"),
      numeric: true,
      cell: (s) => (s.probability === null ? "–" : format.ratio(s.probability)),
    },
    { id: "category", header: t("deal.forecast"), cell: (s) => forecastName(s.forecast_category) },
    {
      id: "sla",
      header: t("sla.title"),
      cell: (s) =>
        s.sla.map((sla) => `${format.duration(sla.after_seconds)} (${sla.level})`).join(t("list.separator")) || (
          <span className="muted">{t("sla.none")}</span>
        ),
    },
  ];
  return <Table label={t("blueprint.stages")} columns={columns} rows={blueprint.stages} rowKey={(s) => s.name} />;
}
