import type { SurveyRow } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";

/** "12 answers · 30 invited · response rate 40%" */
export function ResponseText({ row }: { row: SurveyRow | undefined }) {
  const t = useTranslate();
  const format = useFormat();
  const { n, invited, response_rate: rate } = row ?? {};
  const parts = [t("surveys.answers", { n: n ?? 0 })];
  if (invited) parts.push(t("surveys.invited", { n: invited }));
  if (invited && typeof rate === "number") parts.push(t("surveys.responseRate", { rate: format.ratio(rate) }));
  return <>{parts.join(" · ")}</>;
}
