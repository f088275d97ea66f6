import { getRouteApi } from "@tanstack/react-router";
import { useList } from "@/shared/api/queries";
import type { AuditEntry } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { CsvButton } from "@/shared/ui/CsvButton";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge, NoValue, Timestamp } from "@/shared/ui/primitives";
import { Select } from "@/shared/ui/Select";
import { type Column, Table } from "@/shared/ui/Table";
import { AUDIT_OUTCOMES } from "../searchValues";
import { TextFilter } from "../TextFilter";
import "../operations.css";

const TONES = { done: "good", refused: "bad", failed: "warn" } as const;
const route = getRouteApi("/operations/audit");

/** The audit log: every write and every refused request, latest first. */
export function AuditPage() {
  const t = useTranslate();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { principal, outcome, since } = search;
  const update = (change: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const parameters = {
    query: { principal, outcome, since: since && new Date(`${since}T00:00:00`).toISOString() },
  };
  const query = useList("/v1/audit", parameters, { keepPrevious: true });
  const columns: Column<AuditEntry>[] = [
    {
      id: "at",
      header: t("audit.at"),
      cell: (entry) => (
        <span className="nowrap">
          <Timestamp at={entry.at} />
        </span>
      ),
    },
    {
      id: "principal",
      header: t("audit.principal"),
      cell: ({ principal: user, roles, mode }) =>
        user ? (
          <div>
            <strong>{user}</strong>
            <div className="muted small">
              {roles.join(", ")}
              {mode && ` · ${mode}`}
            </div>
          </div>
        ) : (
          <NoValue />
        ),
    },
    {
      id: "request",
      header: t("audit.request"),
      cell: (entry) => (
        <code className="audit-path">
          {entry.method} {entry.path}
        </code>
      ),
    },
    {
      id: "outcome",
      header: t("audit.outcome"),
      cell: (entry) => <Badge tone={TONES[entry.outcome]}>{t(`audit.outcome.${entry.outcome}`)}</Badge>,
    },
    {
      id: "status",
      header: t("audit.status"),
      cell: ({ status, code, repeated }) => (
        <>
          {status}
          {code && <div className="muted small">{code}</div>}
          {repeated > 0 && <div className="muted small">{t("audit.repeated", { n: repeated })}</div>}
        </>
      ),
    },
    {
      id: "permission",
      header: t("audit.permission"),
      cell: (entry) => (entry.permission ? <code>{entry.permission}</code> : <NoValue />),
    },
    {
      id: "duration",
      header: t("audit.duration"),
      numeric: true,
      cell: (entry) => `${entry.milliseconds} ms`,
    },
  ];
  return (
    <PageLayout
      title={t("operations.audit")}
      subtitle={t("audit.subtitle")}
      actions={
        <CsvButton template="/v1/audit" parameters={{ query: { ...parameters.query, limit: 500 } }} name="audit" />
      }
      filters={
        <div className="filters no-print" role="group" aria-label={t("filter.label")}>
          <TextFilter
            label={t("audit.principal")}
            value={principal}
            onChange={(value) => update({ principal: value })}
          />
          <Select
            label={t("audit.outcome")}
            emptyLabel={t("audit.outcome.all")}
            value={outcome}
            onChange={(value) => update({ outcome: value })}
            options={AUDIT_OUTCOMES.map((value) => ({ value, label: t(`audit.outcome.${value}`) }))}
          />
          <label className="row tight">
            {t("audit.since")}
            <input
              type="date"
              className="input"
              style={{ width: "auto" }}
              value={since ?? ""}
              onChange={(event) => update({ since: event.target.value || undefined })}
            />
          </label>
        </div>
      }
    >
      <section className="card">
        <PagedList query={query} items={query.items} emptyTitle={t("audit.empty")}>
          <Table
            label={t("operations.audit")}
            columns={columns}
            rows={query.items}
            rowKey={(entry) => String(entry.id)}
          />
        </PagedList>
      </section>
    </PageLayout>
  );
}
