import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useState } from "react";
import { request } from "@/shared/api/client";
import { useCustomerNames } from "@/shared/api/customerNames";
import { useRepName } from "@/shared/api/organisation";
import { invalidate, useList } from "@/shared/api/queries";
import type { Issue } from "@/shared/api/types";
import { usePermission } from "@/shared/api/viewer";
import { useTranslate } from "@/shared/i18n";
import { toListQuery, useFilters } from "@/shared/routing/rootRoute";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge, Timestamp } from "@/shared/ui/primitives";
import { ISSUE_STATUSES } from "../searchValues";
import "../surveys/surveys.css";

const PROJECTION_MS = 800; // the list shows a resolved issue once its event has been processed
const route = getRouteApi("/process/issues");

/** Issues raised by answers to surveys: open, or resolved. */
export function IssuesPage() {
  const t = useTranslate();
  const navigate = route.useNavigate();
  const { status = "open" } = route.useSearch();
  const query = useList("/v1/issues", { query: { ...toListQuery(useFilters()), status } }, { keepPrevious: true });
  const customerName = useCustomerNames(query.items.map((issue) => issue.respondent_id));
  const respondent = (issue: Issue): string => customerName(issue.respondent_id) ?? issue.respondent_id;
  const [selected, setSelected] = useState<Issue | null>(null);
  return (
    <PageLayout
      title={t("issues.title")}
      subtitle={t("issues.subtitle")}
      narrow
      filters={
        <FilterBar use={["line", "region", "team", "rep"]}>
          <div className="segmented" role="group" aria-label={t("issues.status")}>
            {ISSUE_STATUSES.map((value) => (
              <button
                key={value}
                type="button"
                aria-pressed={value === status}
                onClick={() => navigate({ search: (before) => ({ ...before, status: value }), replace: true })}
              >
                {t(`issues.${value}`)}
              </button>
            ))}
          </div>
        </FilterBar>
      }
    >
      <section className="card">
        <PagedList query={query} items={query.items} emptyTitle={t(`issues.${status}.empty`)}>
          <ul className="issues">
            {query.items.map((issue) => (
              <IssueRow key={issue.issue_id} issue={issue} name={respondent(issue)} onResolve={setSelected} />
            ))}
          </ul>
        </PagedList>
      </section>
      {selected && <ResolveDialog issue={selected} name={respondent(selected)} onClose={() => setSelected(null)} />}
    </PageLayout>
  );
}

function IssueRow({ issue, name, onResolve }: { issue: Issue; name: string; onResolve: (issue: Issue) => void }) {
  const t = useTranslate();
  const canResolve = usePermission()("issues:write");
  const repName = useRepName();
  const open = issue.status === "open";
  return (
    <li>
      {open ? (
        <CircleAlert className="icon bad-text" aria-hidden />
      ) : (
        <CircleCheck className="icon good-text" aria-hidden />
      )}
      <div className="grow">
        <p className="row">
          <strong>{issue.reason}</strong>
          {!open && <Badge tone="good">{t("issues.resolved")}</Badge>}
        </p>
        <p className="muted small row">
          <Link to="/process/customers/$id" params={{ id: issue.respondent_id }}>
            {name}
          </Link>
          {issue.context?.opportunity_id && (
            <Link to="/process/deals/$id" params={{ id: issue.context.opportunity_id }}>
              {t("search.opportunity")}
            </Link>
          )}
          {issue.context?.rep_id && <span>{repName(issue.context.rep_id)}</span>}
          <span>{issue.context?.region}</span>
          <Timestamp at={issue.raised_at} relative />
        </p>
        {issue.note && (
          <p className="small">
            {issue.note}{" "}
            <span className="muted">{issue.actor_id && t("event.by", { who: repName(issue.actor_id) })}</span>
          </p>
        )}
      </div>
      {open && canResolve && (
        <Button small onClick={() => onResolve(issue)} aria-label={`${t("issues.resolve")}: ${name}`}>
          {t("issues.resolve")}
        </Button>
      )}
    </li>
  );
}

function ResolveDialog({ issue, name, onClose }: { issue: Issue; name: string; onClose: () => void }) {
  const t = useTranslate();
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const resolve = async (): Promise<void> => {
    setBusy(true);
    try {
      await request("POST", "/v1/issues/{issue_id}/resolve", {
        path: { issue_id: issue.issue_id },
        body: { note: note || null },
        headers: { "idempotency-key": crypto.randomUUID() },
      });
      announce(t("issues.resolve.done", { name }));
      onClose();
      setTimeout(() => void invalidate("/v1/issues"), PROJECTION_MS);
      void invalidate("/v1/issues");
    } catch (error) {
      announce((error as Error).message, "bad");
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("issues.resolve")}
      description={`${name}: ${issue.reason}`}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button variant="primary" disabled={busy} onClick={() => void resolve()}>
            {t("issues.resolve")}
          </Button>
        </>
      }
    >
      <label className="field">
        <span className="label">{t("issues.note")}</span>
        <textarea
          className="input"
          rows={3}
          maxLength={4000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
    </Dialog>
  );
}
