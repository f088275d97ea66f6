import type { FunnelStage } from "@/api/shapes";
import { useFormat } from "@/format";
import { type Title, useSay, useTitle } from "@/i18n";
import { isKey } from "@/i18n/words";
import { Meter } from "@/ui/small";
import { lossesOf } from "./losses";

/** Why deals were lost, over all stages, the most frequent reason first; and where. */
export function LossReasons({ stages, named }: { stages: FunnelStage[]; named: { name: string; title: Title }[] }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const { total, reasons } = lossesOf(stages);
  if (total === 0) return <p className="card-body muted">{t("funnel.reasons.none")}</p>;
  const nameOf = (reason: string): string => {
    const key = `funnel.reason.${reason}`;
    return isKey(key) ? t(key) : title(named.find((r) => r.name === reason)?.title, reason);
  };
  const stageName = (stage: string): string => title(stages.find((s) => s.stage === stage)?.title, stage);
  return (
    <ul className="losses card-body">
      {reasons.map(({ reason, n, most }) => (
        <li key={reason}>
          <div className="row"><span className="grow">{nameOf(reason)}</span><strong>{n}</strong><span className="muted losses-share">{format.ratio(n / total)}</span></div>
          <Meter share={n / total} />
          <p className="muted small">{t("funnel.reason.where", { stage: stageName(most) })}</p>
        </li>
      ))}
    </ul>
  );
}
