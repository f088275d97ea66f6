import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useGet, usePages } from "@/api/hooks";
import { useLines, useRepName } from "@/api/names";
import type { Lead } from "@/api/shapes";
import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Unknown, When } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { useAttributes } from "../attributes";
import { leadName, LeadStatus } from "./LeadsPage";
import { ScoreBar } from "./ScoreBar";
import { Waterfall } from "./Waterfall";
import "./leads.css";

/** One lead: its score with every reason, how the score came to be, and what is known of it. */
export function LeadPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const t = useSay();
  const lead = useGet("/v1/leads/{lead_id}", { path: { lead_id: id } });
  const score = useGet("/v1/leads/{lead_id}/score", { path: { lead_id: id } });
  return (
    <PageFrame
      title={lead.data ? leadName(lead.data) : t("lead.title", { id })} above={[{ label: t("process.leads"), to: "/process/leads" }]} read
      sub={lead.data && <span className="row"><LeadStatus status={lead.data.status} /><code className="muted">{id}</code></span>}
    >
      <div className="columns-2">
        <div className="stack-wide">
          <section className="card" aria-labelledby="score">
            <header className="card-head"><h2 id="score">{t("lead.contributions")}</h2>{lead.data && <ScoreBar lead={lead.data} />}</header>
            <Answered query={score}>{(found) => (found.contributions
              ? <Waterfall score={found} />
              : <Empty title={t("lead.noScorecard")}><p>{t("lead.noScorecard.why")}</p></Empty>)}</Answered>
          </section>
          <section className="card" aria-labelledby="story">
            <header className="card-head"><h2 id="story">{t("deal.history")}</h2></header>
            <Story id={id} />
          </section>
        </div>
        <Answered query={lead}>{(found) => <About lead={found} />}</Answered>
      </div>
    </PageFrame>
  );
}

function Story({ id }: { id: string }) {
  const t = useSay();
  const query = usePages("/v1/leads/{lead_id}/history", { path: { lead_id: id } });
  return (
    <Pages query={query} items={query.items} empty={t("lead.history.none")}>
      <ol className="story">
        {[...query.items].sort((a, b) => b.time.localeCompare(a.time) || b.sequence - a.sequence).map((row) => {
          const key = `event.${row.type}`;
          const grade = typeof row.data.grade === "string" ? row.data.grade : "";
          return (
            <li key={row.sequence}>
              <span className="grow">{isKey(key) ? t(key, { score: Number(row.data.score ?? 0), grade }) : row.type}</span>
              <span className="muted small"><When at={row.time} /></span>
            </li>
          );
        })}
      </ol>
    </Pages>
  );
}

function About({ lead }: { lead: Lead }) {
  const t = useSay();
  const repName = useRepName();
  const attribute = useAttributes();
  const line = useLines().find((l) => l.value === lead.business_line)?.label ?? lead.business_line;
  const rows: [string, ReactNode][] = [
    [t("lead.company"), lead.contact?.company], [t("lead.contact"), lead.contact?.name], [t("lead.email"), lead.contact?.email],
    [t("lead.phone"), lead.contact?.phone], [t("lead.source"), lead.source], [t("deal.line"), line],
    [t("deal.rep"), lead.rep_id && repName(lead.rep_id)], [t("deal.region"), lead.region], [t("deal.team"), lead.team],
    [t("lead.captured"), lead.captured_at && <When at={lead.captured_at} />], [t("lead.closed"), lead.closed_at && <When at={lead.closed_at} />],
    [t("deal.lossReason"), lead.loss_reason],
    [t("deal.customer"), lead.customer_id && <Link to="/process/customers/$id" params={{ id: lead.customer_id }}>{lead.customer_id}</Link>],
    [t("lead.deal"), lead.opportunity_id && <Link to="/process/deals/$id" params={{ id: lead.opportunity_id }}>{lead.opportunity_id}</Link>],
    ...Object.entries({ ...lead.dimensions, ...lead.attributes }).map(([name, value]) => [attribute.name(name), attribute.value(value)] as [string, ReactNode]),
  ];
  return (
    <section className="card" aria-labelledby="about">
      <header className="card-head"><h2 id="about">{t("lead.about")}</h2></header>
      <dl className="facts card-body">
        {rows.filter(([, value]) => value).map(([name, value]) => <div key={name} style={{ display: "contents" }}><dt>{name}</dt><dd>{value ?? <Unknown />}</dd></div>)}
      </dl>
    </section>
  );
}
