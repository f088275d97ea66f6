import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useGet } from "@/api/hooks";
import type { Tile, FigureRow } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { Failure, Loading } from "@/ui/states";
import { useChanged } from "@/ui/useChanged";
import { About } from "../About";
import { Attainment } from "../Attainment";
import { Change } from "../Change";
import { byValue, currencyOf, keyOf, labelsOf, peaks } from "../figures";
import { useFigureText, useLabels } from "../useFigures";
import { Behind } from "./Behind";
import { dividedBy } from "./tiles";

const PEOPLE = ["region", "team", "rep", "business_line"];
const AT_FIRST = 12;

/** A figure by region, team, rep or line (whatever the board says first), the biggest first, beside last month and last year. */
export function BreakdownTile({ tile, where, period }: { tile: Tile; where: readonly string[]; period: string | undefined }) {
  const t = useSay();
  const title = useTitle();
  const told = dividedBy(tile);
  const choices = told.length === 1 && PEOPLE.includes(told[0] ?? "") ? PEOPLE.filter((d) => tile.dimensions.includes(d)) : [];
  const [by, setBy] = useState<string>();
  const own = by === undefined || by === told[0];
  const asked = useGet("/v1/kpis/{measure}", {
    path: { measure: tile.measure }, query: { period: tile.rows[0]?.period ?? period ?? thisMonth(), where, by, compare: ["previous", "year"], limit: 500 },
  }, { enabled: !own, keep: true });
  const shown = own ? tile : asked.data && dividedBy(asked.data)[0] === by ? asked.data : undefined;
  const { dimension } = useLabels();
  const name = title(tile.title, tile.measure);
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2 className="clip">{own ? name : t("results.by", { name: title(asked.data?.title, tile.measure), by: dimension(by ?? "").toLocaleLowerCase() })}</h2>
        {choices.length > 1 && (
          <div className="segmented small no-print" role="group" aria-label={t("results.divide")}>
            {choices.map((d) => <button key={d} type="button" aria-pressed={d === (by ?? told[0])} onClick={() => setBy(d)}>{dimension(d)}</button>)}
          </div>
        )}
        <About told={tile} />
      </header>
      {shown ? <BreakdownRows tile={shown} where={where} /> : asked.isError ? <Failure error={asked.error} /> : <Loading rows={4} />}
    </section>
  );
}

function thisMonth(): string {
  return new Date().toISOString().slice(0, 7);
}

export function BreakdownRows({ tile, where }: { tile: Tile; where: readonly string[] }) {
  const t = useSay();
  const [all, setAll] = useState(false);
  const rows = byValue(tile.rows);
  const most = peaks(rows);
  const labels = useLabels(rows);
  if (rows.length === 0) return <p className="card-body muted">{t(tile.reason === "beyond_scope" ? "results.beyond" : "results.empty")}</p>;
  return (
    <>
      <div className="table-wrap breakdown-wrap" tabIndex={0} role="group" aria-label={t("results.rows")}>
        <table className="breakdown" role="table">
          <thead role="rowgroup"><tr role="row">
            <th scope="col" role="columnheader">{[...dividedBy(tile)].reverse().map(labels.dimension).join(" · ")}</th><th scope="col" role="columnheader" className="number">{t("results.value")}</th><th scope="col" role="columnheader" className="breakdown-bar"><span className="visually-hidden">{t("results.share")}</span></th>
            <th scope="col" role="columnheader" className="number">{t("results.compare.previous")}</th><th scope="col" role="columnheader" className="number">{t("results.compare.year")}</th><th scope="col" role="columnheader" className="number">{t("results.behind")}</th>
          </tr></thead>
          <tbody role="rowgroup">{rows.slice(0, all ? undefined : AT_FIRST).map((row) => <Row key={keyOf(row)} tile={tile} row={row} most={most.get(currencyOf(row)) ?? 0} labels={labels} where={where} />)}</tbody>
        </table>
      </div>
      {rows.length > AT_FIRST && !all && <p className="card-body no-print"><button type="button" className="button" onClick={() => setAll(true)}>{t("results.all", { n: rows.length })}</button></p>}
    </>
  );
}

interface RowProps { tile: Tile; row: FigureRow; most: number; labels: ReturnType<typeof useLabels>; where: readonly string[] }

function Row({ tile, row, most, labels, where }: RowProps) {
  const t = useSay();
  const text = useFigureText();
  const currency = currencyOf(row);
  const own = labelsOf(row);
  const filter = Object.fromEntries(own.filter(([n, l]) => ["region", "team", "rep"].includes(n) && l).map(([n, l]) => [n, l]));
  const line = own.find(([n]) => n === "business_line")?.[1];
  const names = own.map(([n, l]) => labels.label(n, l));
  const words = names.at(-1) ?? "";
  const share = { width: `${most ? (100 * Math.abs(row.value ?? 0)) / most : 0}%` };
  const minus = (row.value ?? 0) < 0 || undefined;
  const changed = useChanged(row.value, `${tile.measure} ${keyOf(row)} ${where.join()}`);
  return (
    <tr role="row" className={changed ? "changed" : undefined}>
      <th scope="row" role="rowheader">
        {Object.keys(filter).length || line
          ? <Link to="/results/measures/$measure" params={{ measure: tile.measure }} search={((s: object) => ({ ...s, ...filter, ...(line ? { line } : {}) })) as never}>{words}</Link> : words}
        {names.length > 1 && <span className="muted small breakdown-of">{names.slice(0, -1).join(" · ")}</span>}
        <span className="breakdown-line" aria-hidden><span data-minus={minus} style={share} /></span>
        {row.target !== undefined && <Attainment measure={tile.measure} additive={tile.additive} attainment={row.attainment} pace={row.pace} target={text.plain(tile.unit, row.target, currency, { compact: true })} />}
      </th>
      <td role="cell" className="number breakdown-value"><strong>{text.value(tile.unit, row)}</strong></td>
      <td role="cell" className="breakdown-bar"><span aria-hidden><span data-minus={minus} style={share} /></span></td>
      <td role="cell" className="number" data-head={t("results.compare.previous")}><Change brief how="previous" comparison={row.comparisons?.previous} measure={tile.measure} unit={tile.unit} currency={currency} /></td>
      <td role="cell" className="number" data-head={t("results.compare.year")}><Change brief how="year" comparison={row.comparisons?.year} measure={tile.measure} unit={tile.unit} currency={currency} /></td>
      <td role="cell" className="number" data-head={t("results.behind")}><Behind brief tile={tile} row={row} where={where} /></td>
    </tr>
  );
}
