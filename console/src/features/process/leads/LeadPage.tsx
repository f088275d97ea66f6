import { getRouteApi, Link } from "@tanstack/react-router";
import { useBusinessLines, useRepName } from "@/shared/api/organisation";
import { useGet, useList } from "@/shared/api/queries";
import type { Lead } from "@/shared/api/types";
import { useAttributeFormat } from "@/shared/format/attributes";
import { useTranslate } from "@/shared/i18n";
import { isMessageKey } from "@/shared/i18n/catalogue";
import { Card } from "@/shared/ui/Card";
import { type Description, DescriptionCard } from "@/shared/ui/DescriptionCard";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Timestamp } from "@/shared/ui/primitives";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { LeadStatus, leadName } from "./LeadStatus";
import { ScoreBar } from "./ScoreBar";
import { ScoreWaterfall } from "./ScoreWaterfall";
import "./leads.css";

const route = getRouteApi("/process/leads/$id");

/** A lead: the contributions to its score, its attributes and its history. */
export function LeadPage() {
  const { id } = route.useParams();
  const t = useTranslate();
  const lead = useGet("/v1/leads/{lead_id}", { path: { lead_id: id } });
  const score = useGet("/v1/leads/{lead_id}/score", { path: { lead_id: id } });
  return (
    <PageLayout
      title={lead.data ? leadName(lead.data) : t("lead.title", { id })}
      parent={<Link to="/process/leads">{t("process.leads")}</Link>}
      narrow
      subtitle={
        lead.data && (
          <span className="row">
            <LeadStatus status={lead.data.status} />
            <code className="muted">{id}</code>
          </span>
        )
      }
    >
      <div className="columns-2">
        <div className="stack-wide">
          <Card heading={t("lead.contributions")} aside={lead.data && <ScoreBar lead={lead.data} />}>
            <QueryView query={score}>
              {(result) =>
                result.contributions ? (
                  <ScoreWaterfall score={result} />
                ) : (
                  <EmptyState title={t("lead.noScore")}>
                    <p>{t("lead.noScore.hint")}</p>
                  </EmptyState>
                )
              }
            </QueryView>
          </Card>
          <Card heading={t("history.title")}>
            <LeadHistory id={id} />
          </Card>
        </div>
        <QueryView query={lead}>{(data) => <LeadFacts lead={data} />}</QueryView>
      </div>
    </PageLayout>
  );
}

/** The events of a lead, latest first. */
function LeadHistory({ id }: { id: string }) {
  const t = useTranslate();
  const query = useList("/v1/leads/{lead_id}/history", { path: { lead_id: id } });
  const rows = [...query.items].sort((a, b) => b.time.localeCompare(a.time) || b.sequence - a.sequence);
  return (
    <PagedList query={query} items={query.items} emptyTitle={t("history.empty")}>
      <ol className="lead-history">
        {rows.map(({ sequence, time, type, data }) => {
          const key = `event.${type}`;
          const grade = typeof data.grade === "string" ? data.grade : "";
          return (
            <li key={sequence}>
              <span className="grow">
                {isMessageKey(key) ? t(key, { score: Number(data.score ?? 0), grade }) : type}
              </span>
              <span className="muted small">
                <Timestamp at={time} />
              </span>
            </li>
          );
        })}
      </ol>
    </PagedList>
  );
}

function LeadFacts({ lead }: { lead: Lead }) {
  const t = useTranslate();
  const repName = useRepName();
  const attribute = useAttributeFormat();
  const lines = useBusinessLines();
  const line = lines.find((one) => one.value === lead.business_line)?.label ?? lead.business_line;
  const rows: Description[] = [
    { label: t("lead.company"), value: lead.contact?.company },
    { label: t("lead.contact"), value: lead.contact?.name },
    { label: t("lead.email"), value: lead.contact?.email },
    { label: t("lead.phone"), value: lead.contact?.phone },
    { label: t("lead.source"), value: lead.source },
    { label: t("deal.line"), value: line },
    { label: t("deal.rep"), value: lead.rep_id && repName(lead.rep_id) },
    { label: t("deal.region"), value: lead.region },
    { label: t("deal.team"), value: lead.team },
    { label: t("lead.captured"), value: lead.captured_at && <Timestamp at={lead.captured_at} /> },
    { label: t("lead.closed"), value: lead.closed_at && <Timestamp at={lead.closed_at} /> },
    { label: t("deal.lossReason"), value: lead.loss_reason },
    {
      label: t("deal.customer"),
      value: lead.customer_id && (
        <Link to="/process/customers/$id" params={{ id: lead.customer_id }}>
          {lead.customer_id}
        </Link>
      ),
    },
    {
      label: t("lead.deal"),
      value: lead.opportunity_id && (
        <Link to="/process/deals/$id" params={{ id: lead.opportunity_id }}>
          {lead.opportunity_id}
        </Link>
      ),
    },
  ];
  for (const [name, value] of Object.entries({ ...lead.dimensions, ...lead.attributes })) {
    rows.push({ label: attribute.name(name), value: attribute.value(value) });
  }
  return <DescriptionCard title={t("lead.facts")} rows={rows.filter((row) => row.value)} />;
}
