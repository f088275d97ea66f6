import type { FigureRow } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { spanOf } from "@/shared/format/periods";
import { useTranslate } from "@/shared/i18n";

const DAY_MS = 86_400_000;

/** First and last day of a figure, and whether it is compared with as many days because its period is not over. */
export function PeriodText({ row, period }: { row: FigureRow | undefined; period: string | undefined }) {
  const t = useTranslate();
  const format = useFormat();
  const span = row?.from && row.to ? { from: row.from, to: row.to } : period ? spanOf(period) : null;
  if (!span) return <>{period ?? ""}</>;
  const last = new Date(Date.parse(`${span.to}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
  const likeForLike = Object.values(row?.comparisons ?? {}).some((comparison) => comparison.like_for_like);
  const days = `${format.day(span.from)} – ${format.day(last)}`;
  return <>{likeForLike ? `${days} · ${t("results.likeForLike")}` : days}</>;
}
