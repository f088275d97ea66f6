import { ArrowDown } from "lucide-react";
import type { FunnelStage } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";

/** A bar for each stage, and between two bars the conversion, its median duration, and the deals lost. */
export function FunnelBars({ stages }: { stages: FunnelStage[] }) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const maximum = Math.max(1, ...stages.map((stage) => stage.reached));
  const width = (deals: number): { width: string } => ({ width: `${(100 * deals) / maximum}%` });
  return (
    <ol className="funnel card-body">
      {stages.map((stage, index) => {
        const remaining = stage.reached - stage.converted - stage.lost;
        const last = index === stages.length - 1;
        return (
          <li key={stage.stage}>
            <div className="funnel-row">
              <span className="funnel-name">{title(stage.title, stage.stage)}</span>
              <span className="funnel-track" aria-hidden>
                <span className="funnel-converted" style={width(last ? stage.reached : stage.converted)} />
                {!last && <span className="funnel-remaining" style={width(remaining)} />}
                {!last && <span className="funnel-lost" style={width(stage.lost)} />}
              </span>
              <strong className="number">{format.number(stage.reached)}</strong>
            </div>
            {!last && (
              <p className="funnel-step small muted">
                <ArrowDown className="icon" aria-hidden />
                <span>
                  <strong>{stage.conversion === null ? "–" : format.ratio(stage.conversion)}</strong>{" "}
                  {t("funnel.converted", { n: stage.converted })}
                </span>
                <span>{stage.median_days === null ? "" : t("funnel.medianDays", { n: stage.median_days })}</span>
                <span>{t("funnel.lost", { n: stage.lost })}</span>
                <span>{t("funnel.remaining", { n: remaining })}</span>
              </p>
            )}
          </li>
        );
      })}
      <li className="funnel-key small muted" aria-hidden>
        {(["converted", "remaining", "lost"] as const).map((part) => (
          <span key={part}>
            <i className={`funnel-${part}`} />
            {t(`funnel.legend.${part}`)}
          </span>
        ))}
      </li>
    </ol>
  );
}
