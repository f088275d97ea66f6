import { getRouteApi, Link } from "@tanstack/react-router";
import { useStageTitles } from "@/shared/api/blueprints";
import type { ResponseOf } from "@/shared/api/client";
import { useBusinessLines, useRepName } from "@/shared/api/organisation";
import { useGet, useList } from "@/shared/api/queries";
import type { Deal } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useAttributeFormat } from "@/shared/format/attributes";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Card } from "@/shared/ui/Card";
import { type Description, DescriptionCard } from "@/shared/ui/DescriptionCard";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Amount, Badge, DateText, NoValue, type Tone } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";
import { type Column, Table } from "@/shared/ui/Table";

const TONES: Record<Deal["status"], Tone | undefined> = { open: undefined, won: "good", lost: "bad" };
const route = getRouteApi("/process/customers/$id");

/** A customer: its deals, its segment, its purchases and its attributes. */
export function CustomerPage() {
  const { id } = route.useParams();
  const t = useTranslate();
  const query = useGet("/v1/customers/{id}", { path: { id } });
  return (
    <PageLayout
      title={query.data?.name ?? id}
      parent={<Link to="/process/segments">{t("segments.title")}</Link>}
      subtitle={<code>{id}</code>}
      narrow
    >
      <QueryView query={query}>
        {(customer) => (
          <div className="columns-2">
            <Card heading={t("customer.deals")}>
              <CustomerDeals id={id} />
            </Card>
            <CustomerFacts customer={customer} />
          </div>
        )}
      </QueryView>
    </PageLayout>
  );
}

function CustomerDeals({ id }: { id: string }) {
  const t = useTranslate();
  const query = useList("/v1/opportunities", { query: { customer_id: id } });
  const stageTitle = useStageTitles(query.items.map((deal) => deal.pipeline));
  const columns: Column<Deal>[] = [
    {
      id: "id",
      header: t("search.opportunity"),
      cell: (deal) => (
        <Link to="/process/deals/$id" params={{ id: deal.opportunity_id }}>
          {deal.opportunity_id}
        </Link>
      ),
    },
    {
      id: "stage",
      header: t("deal.stage"),
      cell: (deal) => <Badge tone={TONES[deal.status]}>{stageTitle(deal.pipeline, deal.stage)}</Badge>,
    },
    {
      id: "amount",
      header: t("deal.amount"),
      numeric: true,
      cell: (deal) => <Amount money={deal.amount} />,
      sortValue: (deal) => deal.amount?.amount_minor,
    },
    {
      id: "opened",
      header: t("deal.opened"),
      cell: (deal) => <DateText on={deal.opened_at} />,
      sortValue: (deal) => deal.opened_at,
    },
    {
      id: "closed",
      header: t("deal.closed"),
      cell: (deal) => <DateText on={deal.closed_at} />,
      sortValue: (deal) => deal.closed_at,
    },
  ];
  return (
    <PagedList query={query} items={query.items} emptyTitle={t("customer.deals.empty")}>
      <Table label={t("customer.deals")} columns={columns} rows={query.items} rowKey={(deal) => deal.opportunity_id} />
    </PagedList>
  );
}

function CustomerFacts({ customer }: { customer: ResponseOf<"/v1/customers/{id}"> }) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const repName = useRepName();
  const attribute = useAttributeFormat();
  const lines = useBusinessLines();
  const line = lines.find((one) => one.value === customer.business_line)?.label ?? customer.business_line;
  const { data: segments } = useGet("/v1/segments");
  const membership = Object.values(customer.segments).find((one) => one !== null);
  const rows: Description[] = [
    {
      label: t("customer.segment"),
      value: membership && (
        <Link to="/process/segments" search={{ segment: membership.segment }}>
          {title(segments?.items.find((one) => one.name === membership.segment)?.title, membership.segment)}
        </Link>
      ),
    },
    {
      label: t("segments.rfm"),
      value: membership && `${membership.profile.r} · ${membership.profile.f} · ${membership.profile.m}`,
    },
    { label: t("customer.spent"), value: <Amount money={customer.spent} /> },
    { label: t("customer.purchases"), value: format.number(customer.purchases) },
    {
      label: t("customer.firstPurchase"),
      value: customer.first_purchase_on && <DateText on={customer.first_purchase_on} />,
    },
    {
      label: t("customer.lastPurchase"),
      value: customer.last_purchase_on && <DateText on={customer.last_purchase_on} />,
    },
    { label: t("deal.line"), value: line },
    { label: t("deal.region"), value: customer.region },
    { label: t("deal.team"), value: customer.team },
    { label: t("deal.rep"), value: customer.rep_id && repName(customer.rep_id) },
  ];
  for (const [name, value] of Object.entries({ ...customer.dimensions, ...customer.attributes })) {
    rows.push({ label: attribute.name(name), value: attribute.value(value) });
  }
  for (const { role, name, email } of customer.contacts) {
    rows.push({ label: role ?? t("lead.contact"), value: [name, email].filter(Boolean).join(", ") });
  }
  const shown = rows.map(({ label, value }) => ({ label, value: value || <NoValue /> }));
  return <DescriptionCard title={t("customer.facts")} rows={shown} />;
}
