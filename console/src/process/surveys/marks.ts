/** The one figure of a question: NPS, satisfaction, effort, mean; with its margin of 95 %. */
import type { QuestionResult } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";

export interface MarkOf { name: string; value: number; margin: number | null; unit: "points" | "percent" | "mean" }

export function markOf(q: QuestionResult): MarkOf | null {
  if (q.nps !== undefined) return q.nps === null ? null : { name: q.type === "enps" ? "eNPS" : "NPS", value: q.nps, margin: q.margin ?? null, unit: "points" };
  const [name, mark, unit] = q.csat ? ["CSAT", q.csat.top2, "percent"] as const : q.ces ? ["CES", q.ces.mean, "mean"] as const
    : q.mean ? ["Ø", q.mean, "mean"] as const : [null, null, "mean"] as const;
  return mark?.value === null || mark?.value === undefined || name === null ? null : { name, value: mark.value, margin: mark.margin, unit };
}

export function useMarkText() {
  const t = useSay();
  const format = useFormat();
  const write = (m: MarkOf, value: number, signed: boolean): string =>
    m.unit === "percent" ? format.ratio(value / 100) : format.number(value, { maximumFractionDigits: m.unit === "mean" ? 2 : 1, ...(signed ? { signDisplay: "exceptZero" } : {}) });
  return {
    value: (m: MarkOf): string => write(m, m.value, m.unit === "points"),
    margin: (m: MarkOf): string => (m.margin === null ? "" : t("surveys.margin", { margin: write(m, m.margin, false) })),
  };
}
