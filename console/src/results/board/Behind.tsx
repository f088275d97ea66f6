import { Link } from "@tanstack/react-router";
import type { Figures, FigureRow } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { currencyOf, whereOf } from "../figures";
import { useFigureText } from "../useFigures";

/** How many facts a figure stands on, or what was divided by what; leads to them. */
interface Props { tile: Pick<Figures, "measure" | "unit" | "kind">; row: FigureRow; where: readonly string[]; brief?: boolean }

export function Behind({ tile, row, where, brief = false }: Props) {
  const t = useSay();
  const format = useFormat();
  const text = useFigureText();
  const above = row.numerator;
  const words = above !== undefined && row.denominator !== undefined
    ? t("results.fraction", { above: tile.unit === "money" ? text.plain("money", above, currencyOf(row), { compact: true }) : format.number(above), below: format.number(row.denominator) })
    : row.n !== undefined ? t("results.n", { n: row.n }) : row.value !== null && ["count", "snapshot"].includes(tile.kind) ? t("results.n", { n: row.value }) : t("results.records");
  const count = row.n ?? (["count", "snapshot"].includes(tile.kind) ? row.value : null);
  const shown = !brief || above !== undefined ? words : count === null ? t("results.records.brief") : format.number(count);
  if (row.value === null || row.n === 0) return <span className="muted small">{shown}</span>;
  return (
    <Link className="small" aria-label={shown === words ? undefined : words} to="/results/measures/$measure/records" params={{ measure: tile.measure }}
      search={((s: object) => ({ ...s, period: row.period, where: JSON.stringify(whereOf(row, where)) })) as never}>{shown}</Link>
  );
}
