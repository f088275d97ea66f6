import type { Lead } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { NoValue } from "@/shared/ui/primitives";

/** The bar is 100 points wide. */
const width = (points: number | null): { width: string } => ({ width: `${Math.max(0, points ?? 0)}%` });

/** Score and grade, with fit and engagement as the two parts of a bar. */
export function ScoreBar({ lead }: { lead: Pick<Lead, "score" | "grade" | "fit" | "engagement"> }) {
  const t = useTranslate();
  if (lead.score === null) return <NoValue />;
  return (
    <div className="score">
      <strong className="score-grade" data-grade={lead.grade ?? ""}>
        {lead.grade}
      </strong>
      <span className="score-number">{lead.score}</span>
      <span
        className="score-bar"
        role="img"
        aria-label={t("lead.parts", { fit: lead.fit ?? 0, engagement: lead.engagement ?? 0 })}
      >
        <span className="score-fit" style={width(lead.fit)} />
        <span className="score-engagement" style={width(lead.engagement)} />
      </span>
    </div>
  );
}
