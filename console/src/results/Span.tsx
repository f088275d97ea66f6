import type { FigureRow } from "@/api/shapes";
import { useFormat } from "@/format";
import { spanOf } from "@/format/periods";
import { useSay } from "@/i18n";

/** The days that a figure is of, and whether it is compared like for like because the period is not over. */
export function Span({ row, period }: { row: FigureRow | undefined; period: string | undefined }) {
  const t = useSay();
  const format = useFormat();
  const span = row?.from && row.to ? { from: row.from, to: row.to } : period ? spanOf(period) : null;
  if (!span) return <>{period ?? ""}</>;
  const last = new Date(Date.parse(`${span.to}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  const base = Object.values(row?.comparisons ?? {}).find((c) => c.like_for_like);
  return <>{`${format.day(span.from)} – ${format.day(last)}`}{base ? ` · ${t("results.likeForLike")}` : ""}</>;
}
