import type { FunnelStage } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { type Title, useTitle, useTranslate } from "@/shared/i18n";
import { isMessageKey } from "@/shared/i18n/catalogue";
import { Meter } from "@/shared/ui/primitives";
import { lossReasons } from "./lossReasons";

interface Props {
  stages: FunnelStage[];
  /** The loss reasons that the blueprint defines. */
  definitions: { name: string; title: Title }[];
}

/** The loss reasons over all stages, most frequent first. */
export function LossReasons({ stages, definitions }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const { total, reasons } = lossReasons(stages);
  if (total === 0) return <p className="card-body muted">{t("funnel.lossReasons.none")}</p>;
  const reasonTitle = (name: string): string => {
    const key = `funnel.lossReason.${name}`;
    return isMessageKey(key) ? t(key) : title(definitions.find((one) => one.name === name)?.title, name);
  };
  const stageTitle = (name: string): string => title(stages.find((one) => one.stage === name)?.title, name);
  return (
    <ul className="losses card-body">
      {reasons.map(({ reason, deals, mainStage }) => (
        <li key={reason}>
          <div className="row">
            <span className="grow">{reasonTitle(reason)}</span>
            <strong>{format.number(deals)}</strong>
            <span className="muted losses-share">{format.ratio(deals / total)}</span>
          </div>
          <Meter share={deals / total} />
          <p className="muted small">{t("funnel.lossReason.mainStage", { stage: stageTitle(mainStage) })}</p>
        </li>
      ))}
    </ul>
  );
}
