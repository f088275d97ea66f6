import { ArrowDown } from "lucide-react";
import type { FunnelStage } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";

/** A bar for each stage as long as deals reached it; between two bars how many went on, how long it took, how many were lost. */
export function FunnelBars({ stages }: { stages: FunnelStage[] }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const most = Math.max(1, ...stages.map((s) => s.reached));
  return (
    <ol className="funnel card-body">
      {stages.map((stage, i) => {
        const still = stage.reached - stage.converted - stage.lost;
        const last = i === stages.length - 1;
        return (
          <li key={stage.stage}>
            <div className="funnel-row">
              <span className="funnel-name">{title(stage.title, stage.stage)}</span>
              <span className="funnel-track" aria-hidden>
                <span className="funnel-on" style={{ width: `${(100 * (last ? stage.reached : stage.converted)) / most}%` }} />
                {!last && <span className="funnel-still" style={{ width: `${(100 * still) / most}%` }} />}
                {!last && <span className="funnel-lost" style={{ width: `${(100 * stage.lost) / most}%` }} />}
              </span>
              <strong className="number">{format.number(stage.reached)}</strong>
            </div>
            {!last && (
              <p className="funnel-step small muted">
                <ArrowDown className="icon" aria-hidden />
                <span><strong>{stage.conversion === null ? "–" : format.ratio(stage.conversion)}</strong> {t("funnel.went", { n: stage.converted })}</span>
                <span>{stage.median_days === null ? "" : t("funnel.days", { n: stage.median_days })}</span>
                <span>{t("funnel.lost", { n: stage.lost })}</span>
                <span>{t("funnel.still", { n: still })}</span>
              </p>
            )}
          </li>
        );
      })}
      <li className="funnel-key small muted" aria-hidden>
        <span><i className="funnel-on" />{t("funnel.key.on")}</span><span><i className="funnel-still" />{t("funnel.key.still")}</span><span><i className="funnel-lost" />{t("funnel.key.lost")}</span>
      </li>
    </ol>
  );
}
