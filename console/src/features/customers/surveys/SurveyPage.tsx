import { getRouteApi, Link } from "@tanstack/react-router";
import { useRepName } from "@/shared/api/organisation";
import { useGet } from "@/shared/api/queries";
import type { Survey, SurveyRow } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { type Span, spanOf } from "@/shared/format/periods";
import { useTitle, useTranslate } from "@/shared/i18n";
import { useFilters } from "@/shared/routing/rootRoute";
import { Card } from "@/shared/ui/Card";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { CompleteUntil } from "@/shared/ui/primitives";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { Select } from "@/shared/ui/Select";
import { type Column, Table } from "@/shared/ui/Table";
import type { SurveyGroup } from "../searchValues";
import { Comments } from "./Comments";
import { QuestionCard } from "./QuestionCard";
import { questionScore, useScoreFormat } from "./questionScore";
import { ResponseText } from "./ResponseText";
import "./surveys.css";

const GROUPS: Record<"customer" | "employee", SurveyGroup[]> = {
  customer: ["business_line", "region", "team", "rep_id"],
  employee: ["department", "team", "region"],
};
const route = getRouteApi("/process/surveys/$name");

/** The results of a survey: its questions, a comparison of groups, and comments. */
export function SurveyPage() {
  const { name } = route.useParams();
  const { by } = route.useSearch();
  const navigate = route.useNavigate();
  const t = useTranslate();
  const title = useTitle();
  const { period } = useFilters();
  const span = period ? spanOf(period) : null;
  const survey = useGet("/v1/surveys/{name}", { path: { name } });
  const results = useGet("/v1/surveys/{name}/results", { path: { name }, query: { ...span } }, { keepPrevious: true });
  const audience = survey.data?.audience === "employee" ? "employee" : "customer";
  return (
    <PageLayout
      title={title(survey.data?.title, name)}
      parent={<Link to="/process/surveys">{t("surveys.title")}</Link>}
      narrow
      subtitle={results.data && <CompleteUntil at={results.data.complete_until} />}
      filters={
        <FilterBar use={["period"]} defaultPeriod="all_time">
          <Select
            label={t("surveys.groupBy")}
            emptyLabel={t("surveys.groupBy.none")}
            value={by}
            onChange={(value) => navigate({ search: (before) => ({ ...before, by: value }), replace: true })}
            options={GROUPS[audience].map((value) => ({ value, label: t(`surveys.groupBy.${value}`) }))}
          />
        </FilterBar>
      }
    >
      <QueryView query={results}>{({ rows }) => <SurveyResults row={rows[0]} survey={survey.data} />}</QueryView>
      {by && <GroupComparison name={name} by={by} span={span} />}
      {survey.data && audience === "customer" && <Comments survey={survey.data} />}
    </PageLayout>
  );
}

function SurveyResults({ row, survey }: { row: SurveyRow | undefined; survey: Survey | undefined }) {
  const t = useTranslate();
  if (!row || row.n === null) return <EmptyState title={t("surveys.tooFew", { n: row?.smallest_group ?? 0 })} />;
  if (row.n === 0) return <EmptyState title={t("surveys.noAnswers")} />;
  return (
    <>
      <p className="muted">
        <ResponseText row={row} />
      </p>
      <div className="grid">
        {(row.questions ?? []).map((result) => (
          <QuestionCard
            key={result.id}
            result={result}
            question={survey?.questions.find((question) => question.id === result.id)}
          />
        ))}
      </div>
    </>
  );
}

function GroupComparison({ name, by, span }: { name: string; by: SurveyGroup; span: Span | null }) {
  const t = useTranslate();
  const format = useFormat();
  const repName = useRepName();
  const scoreFormat = useScoreFormat();
  const parameters = { path: { name }, query: { ...span, by } };
  const query = useGet("/v1/surveys/{name}/results", parameters, { keepPrevious: true });
  const label = (row: SurveyRow): string => {
    const value = row.dimensions[by];
    if (!value) return t("state.unknown");
    return by === "rep_id" ? repName(value) : value;
  };
  const scoreOf = (row: SurveyRow) => row.questions?.map(questionScore).find((score) => score !== null);
  const columns: Column<SurveyRow>[] = [
    { id: "group", header: t("surveys.group"), cell: label, sortValue: label },
    {
      id: "result",
      header: t("surveys.result"),
      numeric: true,
      sortValue: (row) => scoreOf(row)?.value,
      cell: (row) => {
        const score = scoreOf(row);
        return score ? (
          <>
            <strong>{scoreFormat.value(score)}</strong> <span className="muted">{scoreFormat.margin(score)}</span>
          </>
        ) : (
          <span className="muted">{row.reason ? t("surveys.tooFew", { n: row.smallest_group ?? 0 }) : "–"}</span>
        );
      },
    },
    {
      id: "answers",
      header: t("surveys.answerCount"),
      numeric: true,
      sortValue: (row) => row.n,
      cell: (row) => (row.n === null ? "–" : format.number(row.n)),
    },
    {
      id: "rate",
      header: t("surveys.responseRate.header"),
      numeric: true,
      sortValue: (row) => row.response_rate,
      cell: ({ response_rate: rate, invited }) => (typeof rate === "number" && invited ? format.ratio(rate) : "–"),
    },
  ];
  return (
    <Card heading={t("surveys.groups")}>
      <QueryView query={query}>
        {({ rows }) => (
          <Table
            label={t("surveys.groups")}
            columns={columns}
            rows={rows}
            rowKey={(row) => JSON.stringify(row.dimensions)}
          />
        )}
      </QueryView>
    </Card>
  );
}
