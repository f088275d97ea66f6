import { Link } from "@tanstack/react-router";
import { usePages } from "@/api/hooks";
import { useLines, useRepName } from "@/api/names";
import type { Lead } from "@/api/shapes";
import { FilterBar } from "@/frame/FilterBar";
import { asQuery, useFilters, useSetWords, useWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Badge, Select, Unknown, When } from "@/ui/small";
import { type Column, Table } from "@/ui/Table";
import { ScoreBar } from "./ScoreBar";
import "./leads.css";

const STATUSES = ["open", "qualified", "converted", "lost", "merged"] as const;
const GRADES = ["A", "B", "C", "D"];

/** Leads by score, the best first, with what the score is made of at a glance. */
export function LeadsPage() {
  const t = useSay();
  const set = useSetWords();
  const filters = useFilters();
  const { status, grade, sort } = useWords();
  const query = usePages("/v1/leads", { query: { ...asQuery(filters), status, grade, sort: sort ?? "-score" } }, { keep: true });
  const columns = useLeadColumns();
  return (
    <PageFrame
      title={t("process.leads")} sub={t("leads.sub")}
      filters={<FilterBar use={["line", "region", "team", "rep"]}>
        <Select label={t("leads.status")} all={t("leads.status.all")} value={status} onChoose={(value) => set({ status: value })} choices={STATUSES.map((s) => ({ value: s, label: t(`lead.status.${s}`) }))} />
        <Select label={t("leads.grade")} all={t("leads.grade.all")} value={grade} onChoose={(value) => set({ grade: value })} choices={GRADES.map((g) => ({ value: g, label: t("leads.grade.one", { grade: g }) }))} />
        <Select label={t("leads.sort")} value={sort ?? "-score"} onChoose={(value) => set({ sort: value })}
          choices={(["-score", "-captured_at", "captured_at", "score"] as const).map((s) => ({ value: s, label: t(`leads.sort.${s}`) }))} />
      </FilterBar>}
    >
      <section className="card">
        <Pages query={query} items={query.items} empty={t("leads.none")}>
          <Table label={t("process.leads")} columns={columns} rows={query.items} rowKey={(l) => l.lead_id} />
        </Pages>
      </section>
    </PageFrame>
  );
}

export function leadName(lead: Lead): string {
  return lead.contact?.company ?? lead.contact?.name ?? lead.lead_id;
}

export function LeadStatus({ status }: { status: string }) {
  const t = useSay();
  const key = `lead.status.${status}`;
  const tone = ({ qualified: "accent", converted: "good", lost: "bad" } as const)[status];
  return <Badge tone={tone}>{isKey(key) ? t(key) : status}</Badge>;
}

function useLeadColumns(): Column<Lead>[] {
  const t = useSay();
  const repName = useRepName();
  const lines = useLines();
  return [
    { id: "score", head: t("lead.score"), cell: (l) => <ScoreBar lead={l} /> },
    { id: "name", head: t("lead.name"), cell: (l) => <div><Link to="/process/leads/$id" params={{ id: l.lead_id }}><strong>{leadName(l)}</strong></Link><div className="muted small">{l.contact?.name}</div></div> },
    { id: "status", head: t("leads.status"), cell: (l) => <LeadStatus status={l.status} /> },
    { id: "line", head: t("deal.line"), cell: (l) => lines.find((x) => x.value === l.business_line)?.label ?? l.business_line ?? <Unknown /> },
    { id: "source", head: t("lead.source"), cell: (l) => l.source ?? <Unknown /> },
    { id: "rep", head: t("deal.rep"), cell: (l) => (l.rep_id ? repName(l.rep_id) : <Unknown />) },
    { id: "region", head: t("deal.region"), cell: (l) => l.region ?? <Unknown /> },
    { id: "captured", head: t("lead.captured"), cell: (l) => <When at={l.captured_at} distance /> },
  ];
}
