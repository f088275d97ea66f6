import { ArrowRight, CircleAlert, CircleCheck } from "lucide-react";
import { useMay } from "@/api/me";
import type { Transition } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { Button } from "@/ui/Button";
import { reasonText } from "../moving/reasons";

/** Every step that starts from here: whether it may be made as things stand, and what is missing if not. `lost`: ways out. */
export function Next({ steps, lost, onStep }: { steps: Transition[]; lost: readonly string[]; onStep: (step: string) => void }) {
  const t = useSay();
  const title = useTitle();
  const may = useMay()("deals:write");
  if (steps.length === 0) return <p className="card-body muted">{t("deal.next.none")}</p>;
  return (
    <ul className="steps">
      {steps.map((step) => (
        <li key={step.name}>
          <div className="grow">
            <div className="row tight">
              {step.allowed ? <CircleCheck className="icon good-text" aria-hidden /> : <CircleAlert className="icon" aria-hidden />}
              <strong>{title(step.title, step.name)}</strong>
              <ArrowRight className="icon muted" aria-hidden />
              <span className="muted">{title(step.to_title, step.to)}</span>
            </div>
            {step.allowed ? <p className="muted small">{t("move.ready")}</p> : (
              <ul className="reasons small" aria-label={t("move.missing")}>
                {step.reasons.map((r) => <li key={r.code + r.path}>{reasonText(r, step, t, title)}</li>)}
              </ul>
            )}
          </div>
          {may && <Button small look={step.allowed && !lost.includes(step.to) ? "primary" : "plain"} onClick={() => onStep(step.name)} aria-label={`${step.allowed ? t("move.do") : t("move.open")}: ${title(step.title, step.name)}`}>
            {step.allowed ? t("move.do") : t("move.open")}
          </Button>}
        </li>
      ))}
    </ul>
  );
}
