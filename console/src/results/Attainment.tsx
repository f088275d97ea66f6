import { Flag } from "lucide-react";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { aimed } from "./attainment";
import { wantedOf } from "./figures";

interface Props { measure: string; additive?: boolean; attainment: number | null | undefined; pace: unknown; target: string }

/** How much of a target is reached; the mark on the bar says how much of the time is past. */
export function Attainment({ measure, additive, attainment, pace, target }: Props) {
  const t = useSay();
  const format = useFormat();
  const state = aimed(attainment, pace, { wanted: wantedOf(measure), grows: additive !== false });
  if (attainment === null || attainment === undefined) return <span className="muted small">{t("results.target", { target })}</span>;
  return (
    <span className="attained" data-state={state.name}>
      <span className="attained-bar" aria-hidden>
        <span className="attained-done" style={{ width: `${Math.min(100, attainment * 100)}%` }} />
        {state.past !== null && state.past < 1 && <span className="attained-past" style={{ left: `${state.past * 100}%` }} />}
      </span>
      <span className="attained-text small">
        <Flag className="icon" aria-hidden />
        <span><strong>{format.ratio(attainment)}</strong> {t("results.ofTarget", { target })}</span>
        <span className="attained-state">{t(`results.pace.${state.name}`)}</span>
      </span>
    </span>
  );
}
