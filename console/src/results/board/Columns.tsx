import type { FigureRow } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { currencyOf } from "../figures";
import { useFigureText } from "../useFigures";

/** A column per bucket, its year-ago self as a mark behind it. Plain boxes: quick, printed well; the table says the same. */
export function Columns({ name, unit, rows }: { name: string; unit: string; rows: FigureRow[] }) {
  const t = useSay();
  const { locale } = useFormat();
  const text = useFigureText();
  const currency = rows[0] ? currencyOf(rows[0]) : null;
  const yearAgo = (r: FigureRow): number | null => r.comparisons?.year?.value ?? null;
  const most = Math.max(1e-9, ...rows.map((r) => Math.max(r.value ?? 0, yearAgo(r) ?? 0)));
  const short = (period: string): string => (/^\d{4}-\d{2}$/.test(period)
    ? new Intl.DateTimeFormat(locale, { month: "short", timeZone: "UTC" }).format(new Date(`${period}-01T00:00:00Z`)) : period);
  return (
    <figure className="columns">
      <div className="columns-plot" aria-hidden>
        {rows.map((r) => (
          <div key={r.period} className="columns-one" title={`${r.period}: ${text.value(unit, r)}`}>
            <span className="columns-value">{r.value ? text.value(unit, r, true) : ""}</span>
            <span className="columns-track">
              {yearAgo(r) !== null && <span className="columns-before" style={{ height: `${(100 * Math.max(0, yearAgo(r) ?? 0)) / most}%` }} />}
              <span className="columns-now" style={{ height: `${(100 * Math.max(0, r.value ?? 0)) / most}%` }} />
            </span>
            <span className="columns-label">{short(r.period)}</span>
          </div>
        ))}
      </div>
      <figcaption className="row small muted"><i className="columns-now" />{currency ? t("results.thisYear", { currency }) : t("results.thisYear.plain")}<i className="columns-before" />{t("results.aYearEarlier")}</figcaption>
      <div className="visually-hidden"><table>
        <caption>{name}</caption>
        <thead><tr><th scope="col">{t("filter.period")}</th><th scope="col">{t("results.value")}</th><th scope="col">{t("results.aYearEarlier")}</th></tr></thead>
        <tbody>{rows.map((r) => <tr key={r.period}><th scope="row">{r.period}</th><td>{text.value(unit, r)}</td><td>{yearAgo(r) === null ? "–" : text.plain(unit, yearAgo(r) ?? 0, currency)}</td></tr>)}</tbody>
      </table></div>
    </figure>
  );
}
