import { Link } from "@tanstack/react-router";
import { useGet } from "@/api/hooks";
import type { Survey } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Badge } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { markOf, useMarkText } from "./marks";
import "./surveys.css";

/** The surveys in force, each with its main mark. */
export function SurveysPage() {
  const t = useSay();
  const query = useGet("/v1/surveys");
  return (
    <PageFrame title={t("process.surveys")} sub={t("surveys.sub")} read>
      <Answered query={query}>{({ items }) => (items.length
        ? <div className="grid">{items.map((s) => <SurveyCard key={s.name} survey={s} />)}</div>
        : <Empty title={t("surveys.none")} />)}</Answered>
    </PageFrame>
  );
}

function SurveyCard({ survey }: { survey: Survey }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const markText = useMarkText();
  const results = useGet("/v1/surveys/{name}/results", { path: { name: survey.name } });
  const row = results.data?.rows[0];
  const mark = row?.questions?.map(markOf).find((m) => m !== null) ?? null;
  return (
    <section className="card" aria-labelledby={`survey-${survey.name}`}>
      <div className="card-body stack">
        <h2 id={`survey-${survey.name}`}><Link to="/process/surveys/$name" params={{ name: survey.name }}>{title(survey.title, survey.name)}</Link></h2>
        <p className="row"><Badge>{t(survey.audience === "employee" ? "surveys.employees" : "surveys.customers")}</Badge><Badge>{survey.languages.join(", ")}</Badge></p>
        <p className="survey-mark">{mark ? <><strong>{markText.value(mark)}</strong> <span className="muted">{mark.name} {markText.margin(mark)}</span></> : <span className="muted">{row?.reason ? t("surveys.small", { n: row.smallest_group ?? 0 }) : results.isPending ? "\u00a0" : t("surveys.noAnswers")}</span>}</p>
        <p className="muted small">{t("surveys.answers", { n: row?.n ?? 0 })}{row?.response_rate !== null && row?.response_rate !== undefined && row.invited ? ` · ${t("surveys.rate", { rate: format.ratio(row.response_rate) })}` : ""}</p>
      </div>
    </section>
  );
}
