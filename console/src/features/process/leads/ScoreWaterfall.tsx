import type { LeadScore } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";
import { Badge } from "@/shared/ui/primitives";
import { waterfallSteps } from "./waterfall";

/** The contributions to a score as a waterfall chart. */
export function ScoreWaterfall({ score }: { score: LeadScore }) {
  const t = useTranslate();
  const format = useFormat();
  const { rows, low, high } = waterfallSteps(score.contributions ?? []);
  const width = high - low || 1;
  return (
    <div className="card-body stack">
      <ul className="waterfall">
        {rows.map((row) => (
          <li key={row.rule}>
            <span className="waterfall-why">{row.why}</span>
            <span className="waterfall-track" aria-hidden>
              <span
                className={row.points < 0 ? "minus" : "plus"}
                style={{
                  left: `${(100 * (row.from - low)) / width}%`,
                  width: `${(100 * Math.abs(row.points)) / width}%`,
                }}
              />
            </span>
            <strong className={row.points < 0 ? "number fault-text" : "number"}>
              {format.number(row.points, { signDisplay: "always" })}
            </strong>
          </li>
        ))}
        <li className="waterfall-sum">
          <span className="waterfall-why">{t("lead.score")}</span>
          <span className="waterfall-track" aria-hidden />
          <strong className="number">{score.score}</strong>
        </li>
      </ul>
      <p className="row muted small">
        <span>{t("lead.parts", { fit: score.fit ?? 0, engagement: score.engagement ?? 0 })}</span>
        <span>{t("lead.scorecard", { scorecard: score.model ?? "" })}</span>
        {score.qualified && <Badge tone="accent">{t("lead.status.qualified")}</Badge>}
      </p>
    </div>
  );
}
