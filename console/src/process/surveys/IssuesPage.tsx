import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import { useCustomerNames } from "@/api/customers";
import { goneStale, usePages } from "@/api/hooks";
import { useMay } from "@/api/me";
import { useRepName } from "@/api/names";
import type { Issue } from "@/api/shapes";
import { FilterBar } from "@/frame/FilterBar";
import { asQuery, useFilters, useSetWords, useWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Badge, When } from "@/ui/small";
import "./surveys.css";

/** Bad answers that somebody has to look after; the open ones first. */
export function IssuesPage() {
  const t = useSay();
  const set = useSetWords();
  const status = useWords().status === "resolved" ? "resolved" : "open";
  const query = usePages("/v1/issues", { query: { ...asQuery(useFilters()), status } }, { keep: true });
  const customer = useCustomerNames(query.items.map((i) => i.respondent_id));
  const [resolving, setResolving] = useState<Issue | null>(null);
  return (
    <PageFrame
      title={t("process.issues")} sub={t("issues.sub")} read
      filters={<FilterBar use={["line", "region", "team", "rep"]}>
        <div className="segmented" role="group" aria-label={t("issues.status")}>
          {(["open", "resolved"] as const).map((s) => <button key={s} type="button" aria-pressed={s === status} onClick={() => set({ status: s })}>{t(`issues.${s}`)}</button>)}
        </div>
      </FilterBar>}
    >
      <section className="card">
        <Pages query={query} items={query.items} empty={t(status === "open" ? "issues.none" : "issues.none.resolved")}>
          <ul className="issues">{query.items.map((issue) => <Row key={issue.issue_id} issue={issue} name={customer(issue.respondent_id) ?? issue.respondent_id} onResolve={setResolving} />)}</ul>
        </Pages>
      </section>
      {resolving && <Resolving issue={resolving} name={customer(resolving.respondent_id) ?? resolving.respondent_id} onClose={() => setResolving(null)} />}
    </PageFrame>
  );
}

function Row({ issue, name, onResolve }: { issue: Issue; name: string; onResolve: (issue: Issue) => void }) {
  const t = useSay();
  const may = useMay();
  const repName = useRepName();
  const open = issue.status === "open";
  return (
    <li>
      {open ? <CircleAlert className="icon bad-text" aria-hidden /> : <CircleCheck className="icon good-text" aria-hidden />}
      <div className="grow">
        <p className="row"><strong>{issue.reason}</strong>{!open && <Badge tone="good">{t("issues.resolved")}</Badge>}</p>
        <p className="muted small row">
          <Link to="/process/customers/$id" params={{ id: issue.respondent_id }}>{name}</Link>
          {issue.context?.opportunity_id && <Link to="/process/deals/$id" params={{ id: issue.context.opportunity_id }}>{t("search.opportunity")}</Link>}
          {issue.context?.rep_id && <span>{repName(issue.context.rep_id)}</span>}
          <span>{issue.context?.region}</span>
          <When at={issue.raised_at} distance />
        </p>
        {issue.note && <p className="small">{issue.note} <span className="muted">{issue.actor_id && t("event.by", { who: repName(issue.actor_id) })}</span></p>}
      </div>
      {open && may("issues:write") && <Button small onClick={() => onResolve(issue)} aria-label={`${t("issues.resolve")}: ${name}`}>{t("issues.resolve")}</Button>}
    </li>
  );
}

function Resolving({ issue, name, onClose }: { issue: Issue; name: string; onClose: () => void }) {
  const t = useSay();
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const resolve = async (): Promise<void> => {
    setBusy(true);
    try {
      await call("POST", "/v1/issues/{issue_id}/resolve", { path: { issue_id: issue.issue_id }, body: { note: note || null }, headers: { "idempotency-key": crypto.randomUUID() } });
      announce(t("issues.done", { name }));
      onClose();
      setTimeout(() => void goneStale("/v1/issues"), 800);
      void goneStale("/v1/issues");
    } catch (error) {
      announce((error as Error).message, "bad");
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("issues.resolve")} about={`${name}: ${issue.reason}`}
      foot={<><Button onClick={onClose}>{t("action.cancel")}</Button><Button look="primary" disabled={busy} onClick={() => void resolve()}>{t("issues.resolve")}</Button></>}>
      <label className="field"><span className="label">{t("issues.note")}</span>
        <textarea className="input" rows={3} maxLength={4000} value={note} onChange={(e) => setNote(e.target.value)} />
      </label>
    </Dialog>
  );
}
