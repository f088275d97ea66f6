import type { FigureRow } from "@/api/shapes";
import { majorUnits, useFormat } from "@/format";
import { useSay } from "@/i18n";
import { currencyOf } from "../figures";
import { useFigureText } from "../useFigures";

/** A column per bucket, its year-ago self as a mark behind it. Plain boxes: quick, printed well; the table says the same. */
export function Columns({ name, unit, rows }: { name: string; unit: string; rows: FigureRow[] }) {
  const t = useSay();
  const format = useFormat();
  const { locale, period } = format;
  const now = new Date().toISOString().slice(0, 10);
  const running = (r: FigureRow): boolean => r.to !== undefined && r.to > now;
  const text = useFigureText();
  const currency = rows[0] ? currencyOf(rows[0]) : null;
  // the currency stands below, once: a dozen of them would not fit
  const brief = (value: number): string => (unit === "money" && currency
    ? format.number(majorUnits({ amount_minor: value, currency }), { notation: "compact", maximumFractionDigits: 1 }) : text.plain(unit, value, currency, { compact: true }));
  const yearAgo = (r: FigureRow): number | null => r.comparisons?.year?.value ?? null;
  const most = Math.max(1e-9, ...rows.map((r) => Math.max(r.value ?? 0, yearAgo(r) ?? 0)));
  const short = (name: string): string => (/^\d{4}-\d{2}$/.test(name)
    ? new Intl.DateTimeFormat(locale, { month: "short", timeZone: "UTC" }).format(new Date(`${name}-01T00:00:00Z`)) : name);
  return (
    <figure className="columns">
      <div className="columns-plot" aria-hidden>
        {rows.map((r) => (
          <div key={r.period} className="columns-one" data-running={running(r) || undefined} title={`${period(r.period)}: ${text.value(unit, r)}`}>
            <span className="columns-value">{r.value ? brief(r.value) : ""}</span>
            <span className="columns-track">
              {yearAgo(r) !== null && <span className="columns-before" style={{ height: `${(100 * Math.max(0, yearAgo(r) ?? 0)) / most}%` }} />}
              <span className="columns-now" style={{ height: `${(100 * Math.max(0, r.value ?? 0)) / most}%` }} />
            </span>
            <span className="columns-label">{short(r.period)}</span>
          </div>
        ))}
      </div>
      <figcaption className="row small muted"><i className="columns-now" />{currency ? t("results.thisYear", { currency }) : t("results.thisYear.plain")}<i className="columns-before" />{t("results.aYearEarlier")}{rows.some(running) && <><i className="columns-running" />{t("results.running")}</>}</figcaption>
      <div className="visually-hidden"><table>
        <caption>{name}</caption>
        <thead><tr><th scope="col">{t("filter.period")}</th><th scope="col">{t("results.value")}</th><th scope="col">{t("results.aYearEarlier")}</th></tr></thead>
        <tbody>{rows.map((r) => <tr key={r.period}><th scope="row">{period(r.period)}</th><td>{text.value(unit, r)}</td><td>{yearAgo(r) === null ? "–" : text.plain(unit, yearAgo(r) ?? 0, currency)}</td></tr>)}</tbody>
      </table></div>
    </figure>
  );
}
