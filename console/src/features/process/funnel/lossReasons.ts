import type { FunnelStage } from "@/shared/api/types";

export interface LossReason {
  reason: string;
  deals: number;
  /** The stage in which most deals were lost for this reason. */
  mainStage: string;
}

/** The loss reasons summed over all stages, most frequent first. Pure. */
export function lossReasons(stages: readonly FunnelStage[]): { total: number; reasons: LossReason[] } {
  const byReason = new Map<string, LossReason & { maximum: number }>();
  for (const { stage, loss_reasons } of stages) {
    for (const [reason, deals] of Object.entries(loss_reasons)) {
      const sum = byReason.get(reason) ?? { reason, deals: 0, mainStage: stage, maximum: 0 };
      sum.deals += deals;
      if (deals > sum.maximum) Object.assign(sum, { mainStage: stage, maximum: deals });
      byReason.set(reason, sum);
    }
  }
  const reasons = [...byReason.values()]
    .map(({ reason, deals, mainStage }) => ({ reason, deals, mainStage }))
    .sort((a, b) => b.deals - a.deals || a.reason.localeCompare(b.reason));
  return { total: reasons.reduce((total, { deals }) => total + deals, 0), reasons };
}
