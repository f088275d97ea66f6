import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useLines, useRepName } from "@/api/names";
import type { Blueprint, Deal } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { useAttributes } from "../attributes";
import { Amount, Day, Unknown, When } from "@/ui/small";

/** What is known of the deal, and the ways to what belongs to it. */
export function Facts({ deal, customer, blueprint }: { deal: Deal; customer: string; blueprint: Blueprint | undefined }) {
  const t = useSay();
  const title = useTitle();
  const repName = useRepName();
  const attribute = useAttributes();
  const line = useLines().find((l) => l.value === deal.business_line)?.label ?? deal.business_line;
  const reason = blueprint?.loss_reasons.find((r) => r.name === deal.loss_reason);
  const rows: [string, ReactNode][] = [
    [t("deal.customer"), deal.customer_id ? <Link to="/process/customers/$id" params={{ id: deal.customer_id }}>{customer}</Link> : <Unknown />],
    [t("deal.amount"), <Amount key="a" money={deal.amount} />],
    [t("deal.rep"), deal.rep_id ? <Link to="/process/worklist" search={{ rep: deal.rep_id } as never}>{repName(deal.rep_id)}</Link> : <Unknown />],
    [t("deal.close"), <Day key="c" on={deal.expected_close_on} />],
    [t("deal.opened"), deal.opened_at ? <When at={deal.opened_at} /> : t("deal.undated")],
    ...(deal.closed_at ? [[t("deal.closed"), <When key="x" at={deal.closed_at} />] as [string, ReactNode]] : []),
    ...(deal.loss_reason ? [[t("deal.lossReason"), title(reason?.title, deal.loss_reason)] as [string, ReactNode]] : []),
    [t("deal.line"), line],
    [t("deal.blueprint"), <Link key="b" to="/process/blueprint" search={{ pipeline: deal.pipeline } as never}>{title(blueprint?.title, deal.pipeline)} <span className="muted">{deal.blueprint}</span></Link>],
    [t("deal.region"), deal.region ?? <Unknown />],
    [t("deal.team"), deal.team ?? <Unknown />],
    ...(deal.lead_id ? [[t("deal.lead"), <Link key="l" to="/process/leads/$id" params={{ id: deal.lead_id }}>{deal.lead_id}</Link>] as [string, ReactNode]] : []),
    ...(deal.product_id ? [[t("deal.product"), deal.product_id] as [string, ReactNode]] : []),
    ...Object.entries(deal.dimensions ?? {}).map(([name, value]) => [attribute.name(name), value] as [string, ReactNode]),
    ...Object.entries(deal.fields).filter(([, v]) => v !== null && typeof v !== "object").map(([name, value]) => [attribute.name(name), attribute.value(value)] as [string, ReactNode]),
    [t("deal.updated"), <When key="u" at={deal.updated_at} distance />],
  ];
  return (
    <section className="card" aria-labelledby="facts">
      <header className="card-head"><h2 id="facts">{t("deal.facts")}</h2></header>
      <dl className="facts card-body">{rows.map(([name, value]) => <Pair key={name} name={name} value={value} />)}</dl>
    </section>
  );
}

function Pair({ name, value }: { name: string; value: ReactNode }) {
  return <><dt>{name}</dt><dd>{value}</dd></>;
}
