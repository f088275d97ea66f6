import { Link } from "@tanstack/react-router";
import { usePages } from "@/api/hooks";
import type { Member, Segment } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { Pages } from "@/ui/Pages";
import { Amount } from "@/ui/small";
import { type Column, Table } from "@/ui/Table";

/** Who stands in a segment, with the values that put them there. */
export function Members({ name, asOf, segments }: { name: string; asOf?: string; segments: Segment[] }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const query = usePages("/v1/segments/{name}/members", { path: { name }, query: { as_of: asOf } });
  const columns: Column<Member>[] = [
    { id: "name", head: t("deal.customer"), cell: (m) => <Link to="/process/customers/$id" params={{ id: m.customer_id }}>{m.name ?? m.customer_id}</Link>, value: (m) => m.name ?? m.customer_id },
    { id: "rfm", head: t("segments.rfm"), cell: (m) => `${m.profile.r} · ${m.profile.f} · ${m.profile.m}`, value: (m) => m.profile.r * 100 + m.profile.f * 10 + m.profile.m },
    { id: "recency", head: t("segments.recency"), number: true, cell: (m) => (m.profile.recency_days === undefined ? "–" : t("unit.days", { n: m.profile.recency_days })), value: (m) => m.profile.recency_days },
    { id: "frequency", head: t("segments.frequency"), number: true, cell: (m) => format.number(m.profile.frequency ?? 0), value: (m) => m.profile.frequency },
    { id: "money", head: t("segments.money"), number: true, cell: (m) => (m.profile.monetary_minor === undefined ? "–" : <Amount money={{ amount_minor: m.profile.monetary_minor, currency: m.profile.currency ?? "EUR" }} />), value: (m) => m.profile.monetary_minor },
  ];
  return (
    <section className="card" aria-labelledby="members">
      <header className="card-head"><h2 id="members">{t("segments.members", { segment: title(segments.find((s) => s.name === name)?.title, name) })}</h2></header>
      <Pages query={query} items={query.items} empty={t("segments.members.none")}>
        <Table label={t("segments.members", { segment: name })} columns={columns} rows={query.items} rowKey={(m) => m.customer_id} />
      </Pages>
    </section>
  );
}
