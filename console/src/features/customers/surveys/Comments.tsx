import { Link } from "@tanstack/react-router";
import { useCustomerNames } from "@/shared/api/customerNames";
import { useList } from "@/shared/api/queries";
import type { Survey } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { toListQuery, useFilters } from "@/shared/routing/rootRoute";
import { Card } from "@/shared/ui/Card";
import { PagedList } from "@/shared/ui/PagedList";
import { Badge, Timestamp } from "@/shared/ui/primitives";
import { npsBand } from "./questionScore";

const TONES = { detractors: "bad", passives: "warn", promoters: "good" } as const;

/** The free-text answers to a survey, latest first, each with the answer to the survey's main question. */
export function Comments({ survey }: { survey: Survey }) {
  const t = useTranslate();
  const query = useList(
    "/v1/surveys/{name}/answers",
    { path: { name: survey.name }, query: { ...toListQuery(useFilters()), written: "true" } },
    { keepPrevious: true, limit: 25 },
  );
  const textIds = survey.questions.filter((question) => question.type === "text").map((question) => question.id);
  const main = survey.questions.find((question) => question.scale !== null);
  const comments = query.items
    .map((answer) => ({ ...answer, texts: textIds.flatMap((id) => answer.answers[id] || []).map(String) }))
    .filter((answer) => answer.texts.length > 0);
  const customerName = useCustomerNames(comments.map((comment) => comment.respondent_id));
  return (
    <Card heading={t("surveys.comments")}>
      <PagedList query={query} items={query.items} emptyTitle={t("surveys.comments.empty")}>
        {comments.length === 0 ? (
          <p className="card-body muted">{t("surveys.comments.empty")}</p>
        ) : (
          <ul className="comments">
            {comments.map(({ feedback_id, answers, texts, respondent_id, context, answered_at }) => {
              const value = main && answers[main.id];
              const isNps = main?.type === "nps" || main?.type === "enps";
              return (
                <li key={feedback_id}>
                  {typeof value === "number" && <Badge tone={isNps ? TONES[npsBand(value)] : undefined}>{value}</Badge>}
                  <div className="grow">
                    {texts.map((text) => (
                      <blockquote key={text}>{text}</blockquote>
                    ))}
                    <p className="muted small row">
                      <Link to="/process/customers/$id" params={{ id: respondent_id }}>
                        {customerName(respondent_id) ?? respondent_id}
                      </Link>
                      {context.opportunity_id && (
                        <Link to="/process/deals/$id" params={{ id: context.opportunity_id }}>
                          {t("search.opportunity")}
                        </Link>
                      )}
                      <span>{context.region}</span>
                      <Timestamp at={answered_at} relative />
                    </p>
                  </div>
                </li>
              );
            })}
          </ul>
        )}
      </PagedList>
    </Card>
  );
}
