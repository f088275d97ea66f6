import { Link } from "@tanstack/react-router";
import { useGet } from "@/shared/api/queries";
import type { Survey } from "@/shared/api/types";
import { useTitle, useTranslate } from "@/shared/i18n";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge } from "@/shared/ui/primitives";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { ResponseText } from "./ResponseText";
import { ScoreText } from "./ScoreText";
import "./surveys.css";

/** The published surveys, each with the result of its main question. */
export function SurveysPage() {
  const t = useTranslate();
  const query = useGet("/v1/surveys");
  return (
    <PageLayout title={t("surveys.title")} subtitle={t("surveys.subtitle")} narrow>
      <QueryView query={query}>
        {({ items }) =>
          items.length ? (
            <div className="grid">
              {items.map((survey) => (
                <SurveyCard key={survey.name} survey={survey} />
              ))}
            </div>
          ) : (
            <EmptyState title={t("surveys.empty")} />
          )
        }
      </QueryView>
    </PageLayout>
  );
}

function SurveyCard({ survey }: { survey: Survey }) {
  const t = useTranslate();
  const title = useTitle();
  const results = useGet("/v1/surveys/{name}/results", { path: { name: survey.name } });
  const row = results.data?.rows[0];
  const tooFew = row?.reason && t("surveys.tooFew", { n: row.smallest_group ?? 0 });
  return (
    <section className="card" aria-labelledby={`survey-${survey.name}`}>
      <div className="card-body stack">
        <h2 id={`survey-${survey.name}`}>
          <Link to="/process/surveys/$name" params={{ name: survey.name }}>
            {title(survey.title, survey.name)}
          </Link>
        </h2>
        <p className="row">
          <Badge>{t(survey.audience === "employee" ? "surveys.employees" : "surveys.customers")}</Badge>
          <Badge>{survey.languages.join(", ")}</Badge>
        </p>
        <ScoreText questions={row?.questions ?? []} fallback={results.isPending ? "\u00a0" : tooFew || undefined} />
        <p className="muted small">
          <ResponseText row={row} />
        </p>
      </div>
    </section>
  );
}
