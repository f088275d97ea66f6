import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useDealNames } from "@/api/customers";
import { useGet, usePages } from "@/api/hooks";
import type { Deal } from "@/api/shapes";
import type { Fact } from "@/api/shapes";
import { useFormat } from "@/format";
import { presetPeriod, today } from "@/format/periods";
import { useWords } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { isKey } from "@/i18n/words";
import { Csv } from "@/ui/Csv";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Badge, Day, Unknown } from "@/ui/small";
import { type Column, Table } from "@/ui/Table";
import { useFigureText, useLabels } from "../useFigures";
import { chosenWhere, countsOf, placeOf } from "./records";
import "../results.css";

/** The facts that a figure is made of, each with what it counts for; deals, leads and customers lead to their pages. */
export function RecordsPage() {
  const { measure } = useParams({ strict: false }) as { measure: string };
  const t = useSay();
  const title = useTitle();
  const words = useWords();
  const period = words.period ?? presetPeriod("this_month", today());
  const where = useMemo(() => chosenWhere(words.where), [words.where]);
  const asked = { path: { measure }, query: { period, where } };
  const query = usePages("/v1/kpis/{measure}/records", asked, { keep: true });
  const head = useGet("/v1/kpis/{measure}", { path: { measure }, query: { period, where } });
  const labels = useLabels();
  const text = useFigureText();
  const format = useFormat();
  const deals = query.items.filter((f) => f.fact === "deal");
  const ids = useMemo(() => deals.map((f) => f.id).slice(0, MOST_NAMED).join("|"), [deals]);
  const nameOf = useDealNamesById(ids);
  const columns: Column<Fact>[] = [
    { id: "what", head: t("results.record"), value: (f) => nameOf(f.id), cell: (f) => {
      const place = placeOf(f);
      const name = <strong>{nameOf(f.id)}</strong>;
      return <div>{place ? <Link to={place.to as never} params={place.params as never} search={{} as never}>{name}</Link> : name}{nameOf(f.id) !== f.id && <div className="muted small">{f.id}</div>}</div>;
    } },
    { id: "fact", head: t("results.kind"), value: (f) => f.fact, cell: (f) => <Badge>{isKey(`fact.${f.fact}`) ? t(`fact.${f.fact}` as never) : f.fact}</Badge> },
    { id: "day", head: t("results.day"), value: (f) => f.counts[0]?.day, cell: (f) => <Day on={f.counts[0]?.day} /> },
    { id: "rep", head: labels.dimension("rep"), value: (f) => labels.label("rep", f.counts[0]?.dimensions.rep ?? null), cell: (f) => (f.counts[0]?.dimensions.rep ? labels.label("rep", f.counts[0].dimensions.rep) : <Unknown />) },
    { id: "region", head: labels.dimension("region"), value: (f) => f.counts[0]?.dimensions.region, cell: (f) => f.counts[0]?.dimensions.region ?? <Unknown /> },
    { id: "line", head: labels.dimension("business_line"), value: (f) => f.counts[0]?.dimensions.business_line, cell: (f) => (f.counts[0]?.dimensions.business_line ? labels.label("business_line", f.counts[0].dimensions.business_line) : <Unknown />) },
    { id: "counts", head: t("results.countsFor"), number: true, value: (f) => countsOf(f).amount, cell: (f) => {
      const { amount, currency, n } = countsOf(f);
      return currency ? text.plain("money", amount, currency) : text.plain("count", n, null);
    } },
  ];
  const row = head.data?.rows[0];
  return (
    <PageFrame
      title={t("results.records.of", { name: title(head.data?.title, measure) })} above={[{ label: title(head.data?.title, measure), to: `/results/measures/${measure}` as never }]}
      sub={<>{format.period(period)}{where.map((w) => { const [name = "", label = ""] = w.split(/:(.*)/); return ` · ${labels.dimension(name)}: ${name === "currency" ? label : labels.label(name, label || null)}`; })}{head.data && row && <> · <strong>{text.value(head.data.unit, row)}</strong></>}</>}
      actions={<Csv template="/v1/kpis/{measure}/records" asked={{ ...asked, query: { ...asked.query, limit: 500 } }} name={`${measure}-records-${period}`} />}
    >
      <section className="card">
        <Pages query={query} items={query.items} empty={t("results.records.none")}>
          <Table label={t("results.records.of", { name: title(head.data?.title, measure) })} columns={columns} rows={query.items} rowKey={(f) => `${f.fact} ${f.id}`} />
        </Pages>
      </section>
    </PageFrame>
  );
}

const MOST_NAMED = 300;

/** What the deals of the list are called; until that is known their ids. */
function useDealNamesById(ids: string): (id: string) => string {
  const wanted = useMemo(() => (ids ? ids.split("|") : []), [ids]);
  const found = useGet("/v1/opportunities", { query: { id: wanted, limit: 500 } }, { enabled: wanted.length > 0, keep: true });
  const items = found.data?.items ?? NONE;
  const name = useDealNames(items);
  const known = new Map(items.map((d) => [d.opportunity_id, d]));
  return (id) => { const deal = known.get(id); return deal ? name(deal) : id; };
}
const NONE: Deal[] = [];
