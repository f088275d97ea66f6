import { useGet } from "@/shared/api/queries";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Card } from "@/shared/ui/Card";
import { MeasureInfoList } from "@/shared/ui/MeasureInfo";
import { Timestamp } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";

/** How a measure is computed: its formula, what it counts, in which time zone, and up to when. */
export function MeasureExplanation({ measure }: { measure: string }) {
  const t = useTranslate();
  const title = useTitle();
  const query = useGet("/v1/kpis/{measure}/explain", { path: { measure } });
  return (
    <Card heading={t("results.explanation")}>
      <QueryView query={query}>
        {(explanation) => (
          <div className="card-body grid">
            <MeasureInfoList measure={explanation} />
            <dl className="facts small">
              <dt>{t("time.completeUntil")}</dt>
              <dd>
                <Timestamp at={explanation.complete_until} />
              </dd>
              <dt>{t("results.timeZone")}</dt>
              <dd>{explanation.zone}</dd>
              <dt>{t("results.generation")}</dt>
              <dd>
                <code>{explanation.generation}</code>
              </dd>
              {explanation.counts.map(({ measure: name, definition, formula, rows }) => (
                <div key={name} className="facts-pair">
                  <dt>{t("results.counts")}</dt>
                  <dd>
                    <code>{definition}</code> {title(formula)} <span className="muted">({rows.join(", ")})</span>
                  </dd>
                </div>
              ))}
            </dl>
          </div>
        )}
      </QueryView>
    </Card>
  );
}
