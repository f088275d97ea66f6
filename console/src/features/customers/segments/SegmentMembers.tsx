import { Link } from "@tanstack/react-router";
import { useList } from "@/shared/api/queries";
import type { Member, Segment } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Card } from "@/shared/ui/Card";
import { PagedList } from "@/shared/ui/PagedList";
import { Amount } from "@/shared/ui/primitives";
import { type Column, Table } from "@/shared/ui/Table";

/** The members of a segment with their RFM profiles. */
export function SegmentMembers({ name, asOf, segments }: { name: string; asOf?: string; segments: Segment[] }) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const query = useList("/v1/segments/{name}/members", { path: { name }, query: { as_of: asOf } });
  const columns: Column<Member>[] = [
    {
      id: "name",
      header: t("deal.customer"),
      cell: (member) => (
        <Link to="/process/customers/$id" params={{ id: member.customer_id }}>
          {member.name ?? member.customer_id}
        </Link>
      ),
      sortValue: (member) => member.name ?? member.customer_id,
    },
    {
      id: "rfm",
      header: t("segments.rfm"),
      cell: ({ profile }) => `${profile.r} · ${profile.f} · ${profile.m}`,
      sortValue: ({ profile }) => profile.r * 100 + profile.f * 10 + profile.m,
    },
    {
      id: "recency",
      header: t("segments.recency"),
      numeric: true,
      cell: ({ profile }) => (profile.recency_days === undefined ? "–" : t("unit.days", { n: profile.recency_days })),
      sortValue: ({ profile }) => profile.recency_days,
    },
    {
      id: "frequency",
      header: t("segments.frequency"),
      numeric: true,
      cell: ({ profile }) => format.number(profile.frequency ?? 0),
      sortValue: ({ profile }) => profile.frequency,
    },
    {
      id: "monetary",
      header: t("segments.monetary"),
      numeric: true,
      cell: ({ profile: { monetary_minor, currency } }) =>
        monetary_minor === undefined ? (
          "–"
        ) : (
          <Amount money={{ amount_minor: monetary_minor, currency: currency ?? "EUR" }} />
        ),
      sortValue: ({ profile }) => profile.monetary_minor,
    },
  ];
  const heading = t("segments.members", { segment: title(segments.find((one) => one.name === name)?.title, name) });
  return (
    <Card heading={heading}>
      <PagedList query={query} items={query.items} emptyTitle={t("segments.members.empty")}>
        <Table label={heading} columns={columns} rows={query.items} rowKey={(member) => member.customer_id} />
      </PagedList>
    </Card>
  );
}
