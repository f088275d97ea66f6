import { Check, Trophy, XCircle } from "lucide-react";
import type { Blueprint, Deal } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { useNow } from "../transitions/SlaBadge";

/** The stages of the blueprint in their order, those that are completed, and the time spent in the current one. */
export function StagePath({ deal, blueprint }: { deal: Deal; blueprint: Blueprint }) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const now = useNow();
  const orderOf = (name: string | null | undefined): number =>
    blueprint.stages.find((stage) => stage.name === name)?.order ?? 0;
  const reached = orderOf(deal.status === "lost" ? deal.stage_before : deal.stage);
  const stages = blueprint.stages.filter((stage) => stage.type !== "lost" || stage.name === deal.stage);
  const seconds = deal.stage_entered_at ? (now - new Date(deal.stage_entered_at).getTime()) / 1000 : null;
  return (
    <div>
      <ol className="path" aria-label={t("deal.path")}>
        {stages.map((stage) => {
          const current = stage.name === deal.stage;
          const completed = !current && stage.type === "open" && stage.order <= reached;
          return (
            <li
              key={stage.name}
              aria-current={current ? "step" : undefined}
              data-state={current ? deal.status : completed ? "done" : "ahead"}
            >
              {completed && <Check className="icon" aria-hidden />}
              {current && deal.status === "won" && <Trophy className="icon" aria-hidden />}
              {current && deal.status === "lost" && <XCircle className="icon" aria-hidden />}
              <span className="clip">{title(stage.title, stage.name)}</span>
              {completed && <span className="visually-hidden">({t("deal.path.completed")})</span>}
            </li>
          );
        })}
      </ol>
      {seconds !== null && deal.status === "open" && (
        <p className="muted small" style={{ marginTop: "var(--2)" }}>
          {t("deal.timeInStage", { duration: format.duration(seconds) })}
        </p>
      )}
    </div>
  );
}
