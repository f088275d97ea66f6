import type { FigureRow } from "@/shared/api/types";
import { majorUnits, useFormat } from "@/shared/format";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTranslate } from "@/shared/i18n";

interface Props {
  name: string;
  unit: string;
  currency: string | null;
  rows: FigureRow[];
}

const yearAgo = (row: FigureRow): number | null => row.comparisons?.year?.value ?? null;

/** A column for each month, before that of a year ago. Plain boxes print well; a hidden table has the values. */
export function TrendColumns({ name, unit, currency, rows }: Props) {
  const t = useTranslate();
  const format = useFormat();
  const figureFormat = useFigureFormat();
  const today = new Date().toISOString().slice(0, 10);
  const isRunning = (row: FigureRow): boolean => row.to !== undefined && row.to > today;
  const maximum = Math.max(1e-9, ...rows.flatMap((row) => [row.value ?? 0, yearAgo(row) ?? 0]));
  const height = (value: number): { height: string } => ({ height: `${(100 * Math.max(0, value)) / maximum}%` });
  /** Amounts are without their currency, which is in the legend: a column is too narrow for it. */
  const columnValue = (value: number): string => {
    if (unit !== "money" || !currency) return figureFormat.plain(unit, value, currency, { compact: true });
    const amount = majorUnits({ amount_minor: value, currency });
    return format.number(amount, { notation: "compact", maximumFractionDigits: 1 });
  };
  const columnLabel = (period: string): string => {
    if (!/^\d{4}-\d{2}$/.test(period)) return period;
    const month = new Intl.DateTimeFormat(format.locale, { month: "short", timeZone: "UTC" });
    return month.format(new Date(`${period}-01T00:00:00Z`));
  };
  return (
    <figure className="columns">
      <div className="columns-plot" aria-hidden>
        {rows.map((row) => {
          const before = yearAgo(row);
          return (
            <div
              key={row.period}
              className="columns-one"
              data-running={isRunning(row) || undefined}
              title={`${format.period(row.period)}: ${figureFormat.value(unit, row)}`}
            >
              <span className="columns-value">{row.value ? columnValue(row.value) : ""}</span>
              <span className="columns-track">
                {before !== null && <span className="columns-before" style={height(before)} />}
                <span className="columns-now" style={height(row.value ?? 0)} />
              </span>
              <span className="columns-label">{columnLabel(row.period)}</span>
            </div>
          );
        })}
      </div>
      <figcaption className="row small muted">
        <i className="columns-now" />
        {currency ? t("results.value.currency", { currency }) : t("results.value")}
        <i className="columns-before" />
        {t("results.yearAgo")}
        {rows.some(isRunning) && (
          <>
            <i className="columns-running" />
            {t("results.running")}
          </>
        )}
      </figcaption>
      <div className="visually-hidden">
        <table>
          <caption>{name}</caption>
          <thead>
            <tr>
              <th scope="col">{t("filter.period")}</th>
              <th scope="col">{t("results.value")}</th>
              <th scope="col">{t("results.yearAgo")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const before = yearAgo(row);
              return (
                <tr key={row.period}>
                  <th scope="row">{format.period(row.period)}</th>
                  <td>{figureFormat.value(unit, row)}</td>
                  <td>{before === null ? "–" : figureFormat.plain(unit, before, currency)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
