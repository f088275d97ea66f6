import { usePages } from "@/api/hooks";
import { useSetWords, useWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { Csv } from "@/ui/Csv";
import type { AuditEntry } from "@/api/shapes";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Badge, Select, Unknown, When } from "@/ui/small";
import { type Column, Table } from "@/ui/Table";
import { TextFilter } from "./TextFilter";

const TONES = { done: "good", refused: "bad", failed: "warn" } as const;
const OUTCOMES = ["done", "refused", "failed"] as const;

/** Every write and every refusal: who, what, when, what came of it; the newest first. */
export function AuditPage() {
  const t = useSay();
  const set = useSetWords();
  const { principal, outcome, since } = useWords();
  const query = { principal, outcome, since: since ? new Date(`${since}T00:00:00`).toISOString() : undefined };
  const found = usePages("/v1/audit", { query }, { keep: true });
  const columns: Column<AuditEntry>[] = [
    { id: "at", head: t("audit.at"), cell: (e) => <span className="nowrap"><When at={e.at} /></span> },
    { id: "who", head: t("audit.who"), cell: (e) => (e.principal ? <div><strong>{e.principal}</strong><div className="muted small">{e.roles.join(", ")}{e.mode && ` · ${e.mode}`}</div></div> : <Unknown />) },
    { id: "what", head: t("audit.what"), cell: (e) => <code className="audit-path">{e.method} {e.path}</code> },
    { id: "outcome", head: t("audit.outcome"), cell: (e) => <Badge tone={TONES[e.outcome]}>{t(`audit.outcome.${e.outcome}`)}</Badge> },
    { id: "status", head: t("audit.status"), cell: (e) => <>{e.status}{e.code && <div className="muted small">{e.code}</div>}{e.repeated > 0 && <div className="muted small">{t("audit.repeated", { n: e.repeated })}</div>}</> },
    { id: "permission", head: t("audit.permission"), cell: (e) => (e.permission ? <code>{e.permission}</code> : <Unknown />) },
    { id: "took", head: t("audit.took"), number: true, cell: (e) => `${e.milliseconds} ms` },
  ];
  return (
    <PageFrame
      title={t("operations.audit")} sub={t("audit.sub")} actions={<Csv template="/v1/audit" asked={{ query: { ...query, limit: 500 } }} name="audit" />}
      filters={<div className="filters no-print" role="group" aria-label={t("filter.label")}>
        <TextFilter label={t("audit.who")} value={principal} onChoose={(value) => set({ principal: value })} />
        <Select label={t("audit.outcome")} all={t("audit.outcome.all")} value={outcome} onChoose={(value) => set({ outcome: value })} choices={OUTCOMES.map((o) => ({ value: o, label: t(`audit.outcome.${o}`) }))} />
        <label className="row tight">{t("audit.since")}<input type="date" className="input" style={{ width: "auto" }} value={since ?? ""} onChange={(e) => set({ since: e.target.value })} /></label>
      </div>}
    >
      <section className="card">
        <Pages query={found} items={found.items} empty={t("audit.none")}><Table label={t("operations.audit")} columns={columns} rows={found.items} rowKey={(e) => e.id} /></Pages>
      </section>
    </PageFrame>
  );
}
