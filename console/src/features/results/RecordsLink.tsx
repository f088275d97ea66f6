import { Link } from "@tanstack/react-router";
import type { FigureRow, Figures } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { currencyOf, rowConditions } from "@/shared/format/figures";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTranslate } from "@/shared/i18n";

interface Props {
  measure: Pick<Figures, "measure" | "unit" | "kind">;
  row: FigureRow;
  /** The conditions of the request that returned the row. */
  where: readonly string[];
  brief?: boolean;
}

/** The number of records behind a figure, or its numerator and denominator; links to the records. */
export function RecordsLink({ measure, row, where, brief = false }: Props) {
  const t = useTranslate();
  const format = useFormat();
  const figureFormat = useFigureFormat();
  const { numerator, denominator } = row;
  const count = row.n ?? (["count", "snapshot"].includes(measure.kind) ? row.value : null);
  const fraction =
    numerator !== undefined && denominator !== undefined
      ? t("results.fraction", {
          numerator:
            measure.unit === "money"
              ? figureFormat.plain("money", numerator, currencyOf(row), { compact: true })
              : format.number(numerator),
          denominator: format.number(denominator),
        })
      : null;
  const full = fraction ?? (count === null ? t("results.records") : t("results.records.count", { n: count }));
  const short = fraction ?? (count === null ? t("results.records.show") : format.number(count));
  const text = brief ? short : full;
  if (row.value === null || row.n === 0) return <span className="muted small">{text}</span>;
  return (
    <Link
      className="small"
      aria-label={text === full ? undefined : full}
      to="/results/measures/$measure/records"
      params={{ measure: measure.measure }}
      search={{ period: row.period, where: rowConditions(row, where) }}
    >
      {text}
    </Link>
  );
}
