import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type DimensionLabels, useDimensionLabels } from "@/shared/api/dimensionLabels";
import type { FigureRow, Tile } from "@/shared/api/types";
import { currencyOf, dimensionLabels, maximumByCurrency, rowKey, sortByValue } from "@/shared/format/figures";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTranslate } from "@/shared/i18n";
import type { Filters } from "@/shared/routing/rootRoute";
import { Attainment } from "@/shared/ui/Attainment";
import { Button } from "@/shared/ui/Button";
import { useHighlight } from "@/shared/ui/useHighlight";
import { COMPARISONS, ComparisonText } from "./ComparisonText";
import { RecordsLink } from "./RecordsLink";

const INITIAL_ROWS = 12;

/** The rows of a figure that is split by dimensions, highest value first, with bars and comparisons. */
export function BreakdownTable({ tile, where }: { tile: Tile; where: readonly string[] }) {
  const t = useTranslate();
  const [showAll, setShowAll] = useState(false);
  const rows = sortByValue(tile.rows);
  const maximum = maximumByCurrency(rows);
  const labels = useDimensionLabels(rows);
  if (rows.length === 0) {
    const reason = tile.reason === "beyond_scope" ? "results.outOfScope" : "results.empty";
    return <p className="card-body muted">{t(reason)}</p>;
  }
  return (
    <>
      <div className="table-wrap breakdown-wrap" tabIndex={0} role="group" aria-label={t("results.rows")}>
        <table className="breakdown" role="table">
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col" role="columnheader">
                {[...tile.by].reverse().map(labels.dimension).join(" · ")}
              </th>
              <th scope="col" role="columnheader" className="number">
                {t("results.value")}
              </th>
              <th scope="col" role="columnheader" className="breakdown-bar">
                <span className="visually-hidden">{t("results.bar")}</span>
              </th>
              {COMPARISONS.map((kind) => (
                <th key={kind} scope="col" role="columnheader" className="number">
                  {t(`results.compare.${kind}`)}
                </th>
              ))}
              <th scope="col" role="columnheader" className="number">
                {t("results.records.header")}
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.slice(0, showAll ? undefined : INITIAL_ROWS).map((row) => (
              <BreakdownRow
                key={rowKey(row)}
                tile={tile}
                row={row}
                maximum={maximum.get(currencyOf(row)) ?? 0}
                labels={labels}
                where={where}
              />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > INITIAL_ROWS && !showAll && (
        <p className="card-body no-print">
          <Button onClick={() => setShowAll(true)}>{t("results.showAll", { n: rows.length })}</Button>
        </p>
      )}
    </>
  );
}

/** The row's dimensions that are filters of the console. */
function filtersOf(own: readonly [string, string | null][]): Filters {
  const filters: Filters = {};
  for (const [name, label] of own) {
    if (!label) continue;
    if (name === "business_line") filters.line = label;
    else if (name === "region" || name === "team" || name === "rep") filters[name] = label;
  }
  return filters;
}

interface RowProps {
  tile: Tile;
  row: FigureRow;
  maximum: number;
  labels: DimensionLabels;
  where: readonly string[];
}

function BreakdownRow({ tile, row, maximum, labels, where }: RowProps) {
  const t = useTranslate();
  const format = useFigureFormat();
  const currency = currencyOf(row);
  const own = dimensionLabels(row);
  const filters = filtersOf(own);
  const names = own.map(([name, label]) => labels.label(name, label));
  const heading = names.at(-1) ?? "";
  const bar = { width: `${maximum ? (100 * Math.abs(row.value ?? 0)) / maximum : 0}%` };
  const negative = (row.value ?? 0) < 0 || undefined;
  const highlighted = useHighlight(row.value, `${tile.measure} ${rowKey(row)} ${where.join()}`);
  return (
    <tr role="row" className={highlighted ? "changed" : undefined}>
      <th scope="row" role="rowheader">
        {Object.keys(filters).length > 0 ? (
          <Link to="/results/measures/$measure" params={{ measure: tile.measure }} search={filters}>
            {heading}
          </Link>
        ) : (
          heading
        )}
        {names.length > 1 && <span className="muted small breakdown-of">{names.slice(0, -1).join(" · ")}</span>}
        <span className="breakdown-line" aria-hidden>
          <span data-negative={negative} style={bar} />
        </span>
        {row.target !== undefined && (
          <Attainment
            measure={tile}
            attainment={row.attainment}
            pace={row.pace}
            target={format.plain(tile.unit, row.target, currency, { compact: true })}
          />
        )}
      </th>
      <td role="cell" className="number breakdown-value">
        <strong>{format.value(tile.unit, row)}</strong>
      </td>
      <td role="cell" className="breakdown-bar">
        <span aria-hidden>
          <span data-negative={negative} style={bar} />
        </span>
      </td>
      {COMPARISONS.map((kind) => (
        <td key={kind} role="cell" className="number" data-head={t(`results.compare.${kind}`)}>
          <ComparisonText brief kind={kind} comparison={row.comparisons?.[kind]} measure={tile} currency={currency} />
        </td>
      ))}
      <td role="cell" className="number" data-head={t("results.records.header")}>
        <RecordsLink brief measure={tile} row={row} where={where} />
      </td>
    </tr>
  );
}
