/** The result of a question as one figure with its margin of error (95 %): NPS, CSAT, CES or a mean. */
import type { QuestionResult } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";

export interface QuestionScore {
  name: string;
  value: number;
  margin: number | null;
  unit: "points" | "percent" | "mean";
}

/** Null for a question without a figure (text), or without answers. */
export function questionScore(result: QuestionResult): QuestionScore | null {
  const { type, nps, csat, ces, mean } = result;
  if (nps !== undefined) {
    const name = type === "enps" ? "eNPS" : "NPS";
    return nps === null ? null : { name, value: nps, margin: result.margin ?? null, unit: "points" };
  }
  if (csat) return scoreOf("CSAT", csat.top2, "percent");
  if (ces) return scoreOf("CES", ces.mean, "mean");
  return mean ? scoreOf("Ø", mean, "mean") : null;
}

interface Estimate {
  value: number | null;
  margin: number | null;
}

function scoreOf(name: string, { value, margin }: Estimate, unit: QuestionScore["unit"]): QuestionScore | null {
  return value === null ? null : { name, value, margin, unit };
}

export type NpsBand = "detractors" | "passives" | "promoters";
export const NPS_BANDS: readonly NpsBand[] = ["detractors", "passives", "promoters"];

/** The band of an answer to an NPS question: 0 to 6, 7 and 8, 9 and 10. */
export function npsBand(answer: number): NpsBand {
  if (answer <= 6) return "detractors";
  return answer <= 8 ? "passives" : "promoters";
}

export function useScoreFormat() {
  const t = useTranslate();
  const format = useFormat();
  const show = ({ unit }: QuestionScore, value: number, signed: boolean): string => {
    if (unit === "percent") return format.ratio(value / 100);
    const signDisplay = signed ? "exceptZero" : "auto";
    return format.number(value, { maximumFractionDigits: unit === "mean" ? 2 : 1, signDisplay });
  };
  return {
    value: (score: QuestionScore): string => show(score, score.value, score.unit === "points"),
    margin: (score: QuestionScore): string =>
      score.margin === null ? "" : t("surveys.margin", { margin: show(score, score.margin, false) }),
  };
}
