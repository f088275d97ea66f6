import { useState } from "react";
import { useGet } from "@/api/hooks";
import type { Figures, FigureRow } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSetWords } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { Csv } from "@/ui/Csv";
import { Answered, Loading } from "@/ui/states";
import { type Column, Table } from "@/ui/Table";
import { Change } from "../Change";
import { currencies, currencyOf, keyOf } from "../figures";
import { useFigureText } from "../useFigures";
import { Behind } from "../board/Behind";
import { TrendChart } from "./TrendChart";
import { type Grain, rangeTo } from "./ranges";

interface Props { measure: string; told: Figures; grain: Grain; to: string; where: readonly string[] }

/** The measure by day, week, month, quarter or year up to the end of the period, as a chart or as a table. */
export function Trend({ measure, told, grain, to, where }: Props) {
  const t = useSay();
  const title = useTitle();
  const set = useSetWords();
  const [table, setTable] = useState(false);
  const asked = { path: { measure }, query: { ...rangeTo(to, grain), grain, where, compare: ["previous", "year"], limit: 500 } };
  const query = useGet("/v1/kpis/{measure}", asked, { keep: true });
  const name = t("results.trend", { name: title(told.title, measure) });
  return (
    <section className="card measure-trend" aria-label={name}>
      <header className="card-head">
        <h2 className="clip">{t(`results.grain.${grain}`)}</h2>
        <div className="segmented small no-print" role="group" aria-label={t("results.show")}>
          <button type="button" aria-pressed={!table} onClick={() => setTable(false)}>{t("results.chart")}</button>
          <button type="button" aria-pressed={table} onClick={() => setTable(true)}>{t("results.table")}</button>
        </div>
        <span className="no-print"><Csv template="/v1/kpis/{measure}" asked={asked} name={`${measure}-${grain}`} /></span>
      </header>
      <Answered query={query} loading={<Loading rows={5} height="2.5rem" />}>
        {({ rows, unit }) => (rows.length === 0 ? <p className="card-body muted">{t("results.empty")}</p>
          : table ? <TrendTable told={told} rows={rows} where={where} name={name} />
          : <div className="card-body stack">{currencies(rows).map((c) => (
            <TrendChart key={c} name={name} unit={unit} currency={c} rows={rows.filter((r) => currencyOf(r) === c)} onChoose={(period) => set({ period }, false)} />
          ))}</div>)}
      </Answered>
    </section>
  );
}

function TrendTable({ told, rows, where, name }: { told: Figures; rows: FigureRow[]; where: readonly string[]; name: string }) {
  const t = useSay();
  const text = useFigureText();
  const format = useFormat();
  const columns: Column<FigureRow>[] = [
    { id: "period", head: t("filter.period"), value: (r) => r.from ?? r.period, cell: (r) => <span className="nowrap">{format.period(r.period)}</span> },
    { id: "value", head: t("results.value"), number: true, value: (r) => r.value, cell: (r) => <strong>{text.value(told.unit, r)}</strong> },
    ...(["previous", "year"] as const).map((how): Column<FigureRow> => ({
      id: how, head: t(`results.compare.${how}`), number: true, value: (r) => r.comparisons?.[how]?.growth,
      cell: (r) => <Change brief how={how} comparison={r.comparisons?.[how]} measure={told.measure} unit={told.unit} currency={currencyOf(r)} />,
    })),
    { id: "n", head: t("results.behind"), number: true, cell: (r) => <Behind brief tile={told} row={r} where={where} /> },
  ];
  return <Table label={name} columns={columns} rows={rows} rowKey={keyOf} />;
}
