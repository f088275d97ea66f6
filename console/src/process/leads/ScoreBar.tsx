import type { Lead } from "@/api/shapes";
import { useSay } from "@/i18n";
import { Unknown } from "@/ui/small";

/** Score and grade, with fit (who they are) and engagement (what they do) as two parts of a bar. */
export function ScoreBar({ lead }: { lead: Pick<Lead, "score" | "grade" | "fit" | "engagement"> }) {
  const t = useSay();
  if (lead.score === null) return <Unknown />;
  const whole = 100;
  return (
    <div className="score">
      <strong className="score-grade" data-grade={lead.grade ?? ""}>{lead.grade}</strong>
      <span className="score-number">{lead.score}</span>
      <span className="score-bar" role="img" aria-label={t("lead.parts", { fit: lead.fit ?? 0, engagement: lead.engagement ?? 0 })}>
        <span className="score-fit" style={{ width: `${(100 * Math.max(0, lead.fit ?? 0)) / whole}%` }} />
        <span className="score-engagement" style={{ width: `${(100 * Math.max(0, lead.engagement ?? 0)) / whole}%` }} />
      </span>
    </div>
  );
}
