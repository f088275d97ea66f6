import { getRouteApi, Link } from "@tanstack/react-router";
import { useBusinessLines, useRepName } from "@/shared/api/organisation";
import { useList } from "@/shared/api/queries";
import type { Lead } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { toListQuery, useFilters } from "@/shared/routing/rootRoute";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { NoValue, Timestamp } from "@/shared/ui/primitives";
import { Select } from "@/shared/ui/Select";
import { type Column, Table } from "@/shared/ui/Table";
import { LEAD_SORTS, LEAD_STATUSES } from "../searchValues";
import { LeadStatus, leadName } from "./LeadStatus";
import { ScoreBar } from "./ScoreBar";
import "./leads.css";

const GRADES = ["A", "B", "C", "D"];
const route = getRouteApi("/process/leads");

/** The leads by score, highest first. */
export function LeadsPage() {
  const t = useTranslate();
  const filters = useFilters();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { status, grade, sort = "-score" } = search;
  const update = (change: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const query = useList(
    "/v1/leads",
    { query: { ...toListQuery(filters), status, grade, sort } },
    { keepPrevious: true },
  );
  const columns = useLeadColumns();
  return (
    <PageLayout
      title={t("process.leads")}
      subtitle={t("leads.subtitle")}
      filters={
        <FilterBar use={["line", "region", "team", "rep"]}>
          <Select
            label={t("leads.status")}
            emptyLabel={t("leads.status.all")}
            value={status}
            onChange={(value) => update({ status: value })}
            options={LEAD_STATUSES.map((value) => ({ value, label: t(`lead.status.${value}`) }))}
          />
          <Select
            label={t("leads.grade")}
            emptyLabel={t("leads.grade.all")}
            value={grade}
            onChange={(value) => update({ grade: value })}
            options={GRADES.map((value) => ({ value, label: t("leads.grade.one", { grade: value }) }))}
          />
          <Select
            label={t("leads.sort")}
            value={sort}
            onChange={(value) => update({ sort: value })}
            options={LEAD_SORTS.map((value) => ({ value, label: t(`leads.sort.${value}`) }))}
          />
        </FilterBar>
      }
    >
      <section className="card">
        <PagedList query={query} items={query.items} emptyTitle={t("leads.empty")}>
          <Table label={t("process.leads")} columns={columns} rows={query.items} rowKey={(lead) => lead.lead_id} />
        </PagedList>
      </section>
    </PageLayout>
  );
}

function useLeadColumns(): Column<Lead>[] {
  const t = useTranslate();
  const repName = useRepName();
  const lines = useBusinessLines();
  const lineName = (name: string | null | undefined): string | null | undefined =>
    lines.find((line) => line.value === name)?.label ?? name;
  return [
    { id: "score", header: t("lead.score"), cell: (lead) => <ScoreBar lead={lead} /> },
    {
      id: "name",
      header: t("lead.name"),
      cell: (lead) => (
        <div>
          <Link to="/process/leads/$id" params={{ id: lead.lead_id }}>
            <strong>{leadName(lead)}</strong>
          </Link>
          <div className="muted small">{lead.contact?.name}</div>
        </div>
      ),
    },
    { id: "status", header: t("leads.status"), cell: (lead) => <LeadStatus status={lead.status} /> },
    { id: "line", header: t("deal.line"), cell: (lead) => lineName(lead.business_line) ?? <NoValue /> },
    { id: "source", header: t("lead.source"), cell: (lead) => lead.source ?? <NoValue /> },
    { id: "rep", header: t("deal.rep"), cell: (lead) => (lead.rep_id ? repName(lead.rep_id) : <NoValue />) },
    { id: "region", header: t("deal.region"), cell: (lead) => lead.region ?? <NoValue /> },
    { id: "captured", header: t("lead.captured"), cell: (lead) => <Timestamp at={lead.captured_at} relative /> },
  ];
}
