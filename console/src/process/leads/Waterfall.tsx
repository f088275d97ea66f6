import type { LeadScore } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { Badge } from "@/ui/small";
import { steps } from "./steps";

/** Each contribution as a bar that begins where the one before ended: together they are the score. */
export function Waterfall({ score }: { score: LeadScore }) {
  const t = useSay();
  const format = useFormat();
  const { rows, low, high } = steps(score.contributions ?? []);
  const width = high - low || 1;
  return (
    <div className="card-body stack">
      <ul className="waterfall">
        {rows.map((row) => (
          <li key={row.rule}>
            <span className="waterfall-why">{row.why}</span>
            <span className="waterfall-track" aria-hidden>
              <span className={row.points < 0 ? "minus" : "plus"} style={{ left: `${(100 * (row.from - low)) / width}%`, width: `${(100 * Math.abs(row.points)) / width}%` }} />
            </span>
            <strong className={row.points < 0 ? "number fault-text" : "number"}>{format.number(row.points, { signDisplay: "always" })}</strong>
          </li>
        ))}
        <li className="waterfall-sum"><span className="waterfall-why">{t("lead.score")}</span><span className="waterfall-track" aria-hidden /><strong className="number">{score.score}</strong></li>
      </ul>
      <p className="row muted small">
        <span>{t("lead.parts", { fit: score.fit ?? 0, engagement: score.engagement ?? 0 })}</span>
        <span>{t("lead.model", { model: score.model ?? "" })}</span>
        {score.qualified && <Badge tone="accent">{t("lead.status.qualified")}</Badge>}
      </p>
    </div>
  );
}
