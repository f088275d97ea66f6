import { ArrowRight, CircleAlert, CircleCheck } from "lucide-react";
import type { Transition } from "@/shared/api/types";
import { usePermission } from "@/shared/api/viewer";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Button } from "@/shared/ui/Button";
import { reasonText } from "../transitions/reasons";

interface Props {
  transitions: Transition[];
  /** Stages whose transitions are not highlighted: losing a deal, or reopening it. */
  secondaryStages: readonly string[];
  onRequest: (transition: string) => void;
}

/** The transitions from the current stage: whether each is allowed now, and what is missing if not. */
export function NextTransitions({ transitions, secondaryStages, onRequest }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const canWrite = usePermission()("deals:write");
  if (transitions.length === 0) return <p className="card-body muted">{t("deal.next.none")}</p>;
  return (
    <ul className="steps">
      {transitions.map((transition) => {
        const name = title(transition.title, transition.name);
        const action = t(transition.allowed ? "transition.request" : "transition.openForm");
        const primary = transition.allowed && !secondaryStages.includes(transition.to);
        return (
          <li key={transition.name}>
            <div className="grow">
              <div className="row tight">
                {transition.allowed ? (
                  <CircleCheck className="icon good-text" aria-hidden />
                ) : (
                  <CircleAlert className="icon" aria-hidden />
                )}
                <strong>{name}</strong>
                <ArrowRight className="icon muted" aria-hidden />
                <span className="muted">{title(transition.to_title, transition.to)}</span>
              </div>
              {transition.allowed ? (
                <p className="muted small">{t("transition.ready")}</p>
              ) : (
                <ul className="reasons small" aria-label={t("transition.missing")}>
                  {transition.reasons.map((reason) => (
                    <li key={reason.code + reason.path}>{reasonText(reason, transition, t, title)}</li>
                  ))}
                </ul>
              )}
            </div>
            {canWrite && (
              <Button
                small
                variant={primary ? "primary" : "plain"}
                onClick={() => onRequest(transition.name)}
                aria-label={`${action}: ${name}`}
              >
                {action}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
