import type { FunnelStage } from "@/api/shapes";

export interface Loss { reason: string; n: number; most: string }

/** Reasons over all stages, the most frequent first; `most`: the stage in which each counts most. */
export function lossesOf(stages: readonly FunnelStage[]): { total: number; reasons: Loss[] } {
  const found = new Map<string, { n: number; most: string; best: number }>();
  for (const stage of stages) {
    for (const [reason, n] of Object.entries(stage.loss_reasons)) {
      const before = found.get(reason) ?? { n: 0, most: stage.stage, best: 0 };
      found.set(reason, { n: before.n + n, ...(n > before.best ? { most: stage.stage, best: n } : { most: before.most, best: before.best }) });
    }
  }
  const reasons = [...found].map(([reason, { n, most }]) => ({ reason, n, most })).sort((a, b) => b.n - a.n || a.reason.localeCompare(b.reason));
  return { total: reasons.reduce((sum, r) => sum + r.n, 0), reasons };
}
