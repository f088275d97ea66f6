import { Flag } from "lucide-react";
import type { Measure } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { attainmentState } from "@/shared/format/attainment";
import { useTranslate } from "@/shared/i18n";

interface Props {
  /** Undefined while the measure is loading. */
  measure: Pick<Measure, "better" | "additive"> | undefined;
  attainment: number | null | undefined;
  pace: unknown;
  /** The target's value, formatted. */
  target: string;
}

/** The attainment of a target as a bar; the mark on the bar is the elapsed share of the period. */
export function Attainment({ measure, attainment, pace, target }: Props) {
  const t = useTranslate();
  const format = useFormat();
  if (attainment === null || attainment === undefined) {
    return <span className="muted small">{t("results.target", { target })}</span>;
  }
  const { status, elapsed } = attainmentState(attainment, pace, {
    better: measure?.better,
    cumulative: measure?.additive,
  });
  return (
    <span className="attained" data-state={status}>
      <span className="attained-bar" aria-hidden>
        <span className="attained-done" style={{ width: `${Math.min(100, attainment * 100)}%` }} />
        {elapsed !== null && elapsed < 1 && <span className="attained-past" style={{ left: `${elapsed * 100}%` }} />}
      </span>
      <span className="attained-text small">
        <Flag className="icon" aria-hidden />
        <span>
          <strong>{format.ratio(attainment)}</strong> {t("results.ofTarget", { target })}
        </span>
        <span className="attained-state">{t(`results.pace.${status}`)}</span>
      </span>
    </span>
  );
}
