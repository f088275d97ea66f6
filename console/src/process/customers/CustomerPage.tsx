import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useGet, usePages } from "@/api/hooks";
import { useLines, useRepName } from "@/api/names";
import type { Customer, Deal } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Amount, Badge, Day, Unknown } from "@/ui/small";
import { Answered } from "@/ui/states";
import { type Column, Table } from "@/ui/Table";
import { useAttributes } from "../attributes";
import { useStageTitles } from "../stages";

/** One customer: who it is, what it bought, the segment it stands in, and its deals. */
export function CustomerPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const t = useSay();
  const query = useGet("/v1/customers/{id}", { path: { id } });
  return (
    <PageFrame title={query.data?.name ?? id} above={[{ label: t("process.segments"), to: "/process/segments" }]} sub={<code>{id}</code>} read>
      <Answered query={query}>{(customer) => (
        <div className="columns-2">
          <section className="card" aria-labelledby="deals">
            <header className="card-head"><h2 id="deals">{t("customer.deals")}</h2></header>
            <Deals id={id} />
          </section>
          <About customer={customer as Customer} />
        </div>
      )}</Answered>
    </PageFrame>
  );
}

function Deals({ id }: { id: string }) {
  const t = useSay();
  const query = usePages("/v1/opportunities", { query: { customer_id: id } });
  const stage = useStageTitles(query.items.map((d) => d.pipeline));
  const columns: Column<Deal>[] = [
    { id: "id", head: t("search.opportunity"), cell: (d) => <Link to="/process/deals/$id" params={{ id: d.opportunity_id }}>{d.opportunity_id}</Link> },
    { id: "stage", head: t("deal.stage"), cell: (d) => <Badge tone={d.status === "won" ? "good" : d.status === "lost" ? "bad" : undefined}>{stage(d.pipeline, d.stage)}</Badge> },
    { id: "amount", head: t("deal.amount"), number: true, cell: (d) => <Amount money={d.amount} />, value: (d) => d.amount?.amount_minor },
    { id: "opened", head: t("deal.opened"), cell: (d) => <Day on={d.opened_at} />, value: (d) => d.opened_at },
    { id: "closed", head: t("deal.closed"), cell: (d) => <Day on={d.closed_at} />, value: (d) => d.closed_at },
  ];
  return <Pages query={query} items={query.items} empty={t("customer.deals.none")}><Table label={t("customer.deals")} columns={columns} rows={query.items} rowKey={(d) => d.opportunity_id} /></Pages>;
}

function About({ customer }: { customer: Customer }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const repName = useRepName();
  const attribute = useAttributes();
  const line = useLines().find((l) => l.value === customer.business_line)?.label ?? customer.business_line;
  const { data: segments } = useGet("/v1/segments");
  const standing = Object.values(customer.segments)[0];
  const rows: [string, ReactNode][] = [
    [t("customer.segment"), standing && <Link key="s" to="/process/segments" search={{ segment: standing.segment } as never}>{title(segments?.items.find((s) => s.name === standing.segment)?.title, standing.segment)}</Link>],
    [t("segments.rfm"), standing && `${standing.profile.r} · ${standing.profile.f} · ${standing.profile.m}`],
    [t("customer.spent"), <Amount key="a" money={customer.spent} />],
    [t("customer.purchases"), format.number(customer.purchases)],
    [t("customer.first"), customer.first_purchase_on && <Day on={customer.first_purchase_on} />],
    [t("customer.last"), customer.last_purchase_on && <Day on={customer.last_purchase_on} />],
    [t("deal.line"), line], [t("deal.region"), customer.region], [t("deal.team"), customer.team],
    [t("deal.rep"), customer.rep_id && repName(customer.rep_id)],
    ...Object.entries({ ...customer.dimensions, ...customer.attributes }).map(([name, value]) => [attribute.name(name), attribute.value(value)] as [string, ReactNode]),
    ...customer.contacts.map((c) => [c.role ?? t("lead.contact"), [c.name, c.email].filter(Boolean).join(", ")] as [string, ReactNode]),
  ];
  return (
    <section className="card" aria-labelledby="about">
      <header className="card-head"><h2 id="about">{t("customer.about")}</h2></header>
      <dl className="facts card-body">
        {rows.map(([name, value]) => <div key={name} style={{ display: "contents" }}><dt>{name}</dt><dd>{value || <Unknown />}</dd></div>)}
      </dl>
    </section>
  );
}
