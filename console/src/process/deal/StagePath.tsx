import { Check, Trophy, XCircle } from "lucide-react";
import type { Blueprint, Deal } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { useNow } from "../moving/Sla";

/** The stages from first to last, those that lie behind, and how long the deal has been where it is. */
export function StagePath({ deal, blueprint }: { deal: Deal; blueprint: Blueprint }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const now = useNow();
  const at = blueprint.stages.find((s) => s.name === deal.stage);
  const reached = deal.status === "lost" ? blueprint.stages.find((s) => s.name === deal.stage_before)?.order ?? 0 : at?.order ?? 0;
  const shown = blueprint.stages.filter((s) => s.type !== "lost" || s.name === deal.stage);
  const stayed = deal.stage_entered_at ? (now - new Date(deal.stage_entered_at).getTime()) / 1000 : null;
  return (
    <div>
      <ol className="path" aria-label={t("deal.path")}>
        {shown.map((stage) => {
          const current = stage.name === deal.stage;
          const done = !current && stage.type === "open" && stage.order <= reached;
          return (
            <li key={stage.name} aria-current={current ? "step" : undefined} data-state={current ? deal.status : done ? "done" : "ahead"}>
              {done && <Check className="icon" aria-hidden />}
              {current && deal.status === "won" && <Trophy className="icon" aria-hidden />}
              {current && deal.status === "lost" && <XCircle className="icon" aria-hidden />}
              <span className="clip">{title(stage.title, stage.name)}</span>
              {done && <span className="visually-hidden">({t("deal.path.done")})</span>}
            </li>
          );
        })}
      </ol>
      {stayed !== null && deal.status === "open" && <p className="muted small" style={{ marginTop: "var(--2)" }}>{t("sla.since", { span: format.span(stayed) })}</p>}
    </div>
  );
}
