import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useGet } from "@/shared/api/queries";
import type { FigureRow, Figures } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { currencyOf, distinctCurrencies, rowKey } from "@/shared/format/figures";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTitle, useTranslate } from "@/shared/i18n";
import { CsvButton } from "@/shared/ui/CsvButton";
import { LoadingState, QueryView } from "@/shared/ui/queryStates";
import { type Column, Table } from "@/shared/ui/Table";
import { COMPARISONS, ComparisonText } from "../ComparisonText";
import { RecordsLink } from "../RecordsLink";
import { TrendChart } from "./TrendChart";
import { type Grain, trendRange } from "./trendRange";

const route = getRouteApi("/results/measures/$measure");

interface Props {
  figures: Figures;
  grain: Grain;
  /** The day after the last one. */
  to: string;
  where: readonly string[];
}

/** A measure over time, as a chart or as a table. */
export function Trend({ figures, grain, to, where }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const navigate = route.useNavigate();
  const [asTable, setAsTable] = useState(false);
  const { measure } = figures;
  const parameters = {
    path: { measure },
    query: { ...trendRange(to, grain), grain, where, compare: COMPARISONS, limit: 500 },
  };
  const query = useGet("/v1/kpis/{measure}", parameters, { keepPrevious: true });
  const name = t("results.trend", { name: title(figures.title, measure) });
  return (
    <section className="card measure-trend" aria-label={name}>
      <header className="card-head">
        <h2 className="clip">{t(`results.grain.${grain}`)}</h2>
        <div className="segmented small no-print" role="group" aria-label={t("results.view")}>
          <button type="button" aria-pressed={!asTable} onClick={() => setAsTable(false)}>
            {t("results.view.chart")}
          </button>
          <button type="button" aria-pressed={asTable} onClick={() => setAsTable(true)}>
            {t("results.view.table")}
          </button>
        </div>
        <span className="no-print">
          <CsvButton template="/v1/kpis/{measure}" parameters={parameters} name={`${measure}-${grain}`} />
        </span>
      </header>
      <QueryView query={query} loading={<LoadingState rows={5} height="2.5rem" />}>
        {({ rows, unit }) =>
          rows.length === 0 ? (
            <p className="card-body muted">{t("results.empty")}</p>
          ) : asTable ? (
            <TrendTable figures={figures} rows={rows} where={where} name={name} />
          ) : (
            <div className="card-body stack">
              {distinctCurrencies(rows).map((currency) => (
                <TrendChart
                  key={currency}
                  name={name}
                  unit={unit}
                  currency={currency}
                  rows={rows.filter((row) => currencyOf(row) === currency)}
                  onSelect={(period) => navigate({ search: (before) => ({ ...before, period }) })}
                />
              ))}
            </div>
          )
        }
      </QueryView>
    </section>
  );
}

interface TrendTableProps {
  figures: Figures;
  rows: FigureRow[];
  where: readonly string[];
  name: string;
}

function TrendTable({ figures, rows, where, name }: TrendTableProps) {
  const t = useTranslate();
  const format = useFormat();
  const figureFormat = useFigureFormat();
  const columns: Column<FigureRow>[] = [
    {
      id: "period",
      header: t("filter.period"),
      sortValue: (row) => row.from ?? row.period,
      cell: (row) => <span className="nowrap">{format.period(row.period)}</span>,
    },
    {
      id: "value",
      header: t("results.value"),
      numeric: true,
      sortValue: (row) => row.value,
      cell: (row) => <strong>{figureFormat.value(figures.unit, row)}</strong>,
    },
    ...COMPARISONS.map(
      (kind): Column<FigureRow> => ({
        id: kind,
        header: t(`results.compare.${kind}`),
        numeric: true,
        sortValue: (row) => row.comparisons?.[kind]?.growth,
        cell: (row) => (
          <ComparisonText
            brief
            kind={kind}
            comparison={row.comparisons?.[kind]}
            measure={figures}
            currency={currencyOf(row)}
          />
        ),
      }),
    ),
    {
      id: "records",
      header: t("results.records.header"),
      numeric: true,
      cell: (row) => <RecordsLink brief measure={figures} row={row} where={where} />,
    },
  ];
  return <Table label={name} columns={columns} rows={rows} rowKey={rowKey} />;
}
