import { Link } from "@tanstack/react-router";
import { useCustomerNames } from "@/api/customers";
import { usePages } from "@/api/hooks";
import type { Survey } from "@/api/shapes";
import { asQuery, useFilters } from "@/frame/filters";
import { useSay } from "@/i18n";
import { Pages } from "@/ui/Pages";
import { Badge, When } from "@/ui/small";

/** What people wrote, latest first, with the mark they gave. */
export function Verbatims({ survey }: { survey: Survey }) {
  const t = useSay();
  const query = usePages("/v1/surveys/{name}/answers", { path: { name: survey.name }, query: { ...asQuery(useFilters()), written: "true" } }, { keep: true, limit: 25 });
  const texts = survey.questions.filter((q) => q.type === "text").map((q) => q.id);
  const mark = survey.questions.find((q) => q.scale !== null)?.id ?? "";
  const written = query.items.filter((g) => texts.some((id) => g.answers[id]));
  const customer = useCustomerNames(written.map((g) => g.respondent_id));
  return (
    <section className="card" aria-labelledby="verbatims">
      <header className="card-head"><h2 id="verbatims">{t("surveys.verbatims")}</h2></header>
      <Pages query={query} items={query.items} empty={t("surveys.verbatims.none")}>
        {written.length === 0 ? <p className="card-body muted">{t("surveys.verbatims.none")}</p> : (
          <ul className="verbatims">
            {written.map((given) => {
              const value = given.answers[mark];
              return (
                <li key={given.feedback_id}>
                  {typeof value === "number" && <Badge tone={mark === "nps" ? (value <= 6 ? "bad" : value >= 9 ? "good" : "warn") : undefined}>{value}</Badge>}
                  <div className="grow">
                    {texts.map((id) => Boolean(given.answers[id]) && <blockquote key={id}>{String(given.answers[id])}</blockquote>)}
                    <p className="muted small row">
                      <Link to="/process/customers/$id" params={{ id: given.respondent_id }}>{customer(given.respondent_id) ?? given.respondent_id}</Link>
                      {given.context.opportunity_id && <Link to="/process/deals/$id" params={{ id: given.context.opportunity_id }}>{t("search.opportunity")}</Link>}
                      <span>{given.context.region}</span>
                      <When at={given.answered_at} distance />
                    </p>
                  </div>
                </li>
              );
            })}
          </ul>
        )}
      </Pages>
    </section>
  );
}
