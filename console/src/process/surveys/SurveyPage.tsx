import { useParams } from "@tanstack/react-router";
import { useGet } from "@/api/hooks";
import type { Survey, SurveyRow } from "@/api/shapes";
import { spanOf } from "@/format/periods";
import { useFormat } from "@/format";
import { FilterBar } from "@/frame/FilterBar";
import { useFilters, useSetWords, useWords } from "@/frame/filters";
import { useRepName } from "@/api/names";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Select, When } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { type Column, Table } from "@/ui/Table";
import { markOf, useMarkText } from "./marks";
import { Question } from "./Question";
import { Verbatims } from "./Verbatims";
import "./surveys.css";

const BY = { customer: ["business_line", "region", "team", "rep_id"], employee: ["department", "team", "region"] } as const;

/** A survey's results: marks with their margins, how they are distributed, by group, and what people wrote. */
export function SurveyPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const t = useSay();
  const title = useTitle();
  const set = useSetWords();
  const { by } = useWords();
  const { period } = useFilters();
  const span = period ? spanOf(period) : null;
  const survey = useGet("/v1/surveys/{name}", { path: { name } });
  const results = useGet("/v1/surveys/{name}/results", { path: { name }, query: { ...span } }, { keep: true });
  const audience = survey.data?.audience === "employee" ? "employee" : "customer";
  return (
    <PageFrame
      title={title(survey.data?.title, name)} above={[{ label: t("process.surveys"), to: "/process/surveys" }]} read
      sub={results.data && <>{t("time.fresh", { when: "" })}<When at={results.data.complete_until} /></>}
      filters={<FilterBar use={["period"]} unset="ever">
        <Select label={t("surveys.by")} all={t("surveys.by.none")} value={by} onChoose={(value) => set({ by: value })} choices={BY[audience].map((b) => ({ value: b, label: t(`surveys.by.${b}`) }))} />
      </FilterBar>}
    >
      <Answered query={results}>{({ rows }) => <Whole row={rows[0]} survey={survey.data} />}</Answered>
      {by && <ByGroup name={name} by={by} span={span} />}
      {survey.data && audience === "customer" && <Verbatims survey={survey.data} />}
    </PageFrame>
  );
}

function Whole({ row, survey }: { row: SurveyRow | undefined; survey: Survey | undefined }) {
  const t = useSay();
  const format = useFormat();
  if (!row || row.n === null) return <Empty title={t("surveys.small", { n: row?.smallest_group ?? 0 })} />;
  if (row.n === 0) return <Empty title={t("surveys.noAnswers")} />;
  return (
    <>
      <p className="muted">
        {t("surveys.answers", { n: row.n })}
        {row.invited ? ` · ${t("surveys.invited", { n: row.invited })}` : ""}
        {row.response_rate !== null && row.response_rate !== undefined && row.invited ? ` · ${t("surveys.rate", { rate: format.ratio(row.response_rate) })}` : ""}
      </p>
      <div className="grid">{(row.questions ?? []).map((q) => <Question key={q.id} result={q} question={survey?.questions.find((x) => x.id === q.id)} />)}</div>
    </>
  );
}

function ByGroup({ name, by, span }: { name: string; by: string; span: object | null }) {
  const t = useSay();
  const format = useFormat();
  const repName = useRepName();
  const text = useMarkText();
  const query = useGet("/v1/surveys/{name}/results", { path: { name }, query: { ...span, by } }, { keep: true });
  const label = (row: SurveyRow): string => {
    const value = row.dimensions[by];
    return !value ? t("state.unknown") : by === "rep_id" ? repName(value) : value;
  };
  const main = (row: SurveyRow) => row.questions?.map(markOf).find((m) => m !== null) ?? null;
  const columns: Column<SurveyRow>[] = [
    { id: "group", head: t("surveys.group"), cell: label, value: label },
    { id: "mark", head: t("surveys.mark"), number: true, value: (r) => main(r)?.value, cell: (r) => { const m = main(r); return m ? <><strong>{text.value(m)}</strong> <span className="muted">{text.margin(m)}</span></> : <span className="muted">{r.reason ? t("surveys.small", { n: r.smallest_group ?? 0 }) : "–"}</span>; } },
    { id: "n", head: t("surveys.n"), number: true, value: (r) => r.n, cell: (r) => (r.n === null ? "–" : format.number(r.n)) },
    { id: "rate", head: t("surveys.rate.head"), number: true, value: (r) => r.response_rate, cell: (r) => (r.response_rate === null || r.response_rate === undefined || !r.invited ? "–" : format.ratio(r.response_rate)) },
  ];
  return (
    <section className="card" aria-labelledby="groups">
      <header className="card-head"><h2 id="groups">{t("surveys.byGroup")}</h2></header>
      <Answered query={query}>{({ rows }) => <Table label={t("surveys.byGroup")} columns={columns} rows={rows} rowKey={(r) => JSON.stringify(r.dimensions)} />}</Answered>
    </section>
  );
}
