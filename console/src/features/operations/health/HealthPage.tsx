import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { get } from "@/shared/api/client";
import { Problem } from "@/shared/api/problem";
import { useGet } from "@/shared/api/queries";
import type { Health, Lag } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useNames, useTranslate } from "@/shared/i18n";
import { Card } from "@/shared/ui/Card";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge, Timestamp } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";
import { useHighlight } from "@/shared/ui/useHighlight";
import { topicsByLag } from "./lag";
import "../operations.css";

const HEALTH_POLL_MS = 5_000;

/** A degraded system answers 503 with the same body: a result, not an error. */
async function fetchHealth(signal: AbortSignal): Promise<Health> {
  try {
    return await get("/v1/health", { signal });
  } catch (error) {
    if (error instanceof Problem && error.status === 503 && error.body.services) {
      return error.body as unknown as Health;
    }
    throw error;
  }
}

/** The readiness and the lag of every service. */
export function HealthPage() {
  const t = useTranslate();
  const health = useQuery<Health, Error>({
    queryKey: ["/v1/health", {}, {}],
    queryFn: ({ signal }) => fetchHealth(signal),
    refetchInterval: HEALTH_POLL_MS,
  });
  const lag = useGet("/v1/lag", {}, { pollMs: HEALTH_POLL_MS });
  return (
    <PageLayout
      title={t("operations.health")}
      subtitle={health.data && t(health.data.status === "ready" ? "health.allReady" : "health.degraded")}
      narrow
    >
      <QueryView query={health}>
        {({ services }) => (
          <div className="grid services">
            {Object.entries(services).map(([name, state]) => (
              <ServiceCard key={name} name={name} state={state} lag={lag.data?.services[name]} />
            ))}
          </div>
        )}
      </QueryView>
      <Card
        heading={t("health.lag")}
        aside={
          lag.data && (
            <Badge tone={lag.data.total ? "warn" : "good"}>{t("health.lag.total", { n: lag.data.total })}</Badge>
          )
        }
      >
        <QueryView query={lag}>{(data) => <LagTable lag={data} />}</QueryView>
      </Card>
    </PageLayout>
  );
}

interface ServiceCardProps {
  name: string;
  state: Health["services"][string];
  lag: Lag["services"][string] | undefined;
}

function ServiceCard({ name, state, lag }: ServiceCardProps) {
  const t = useTranslate();
  const serviceName = useNames("service");
  const highlighted = useHighlight(lag?.total, name);
  const Icon = state.ready ? CircleCheck : CircleX;
  const reason = state.reason ?? (state.ready ? null : JSON.stringify({ ...state, ready: undefined }));
  return (
    <section className="card service" aria-label={name} data-ready={state.ready}>
      <header className="row">
        <Icon className={state.ready ? "icon good-text" : "icon bad-text"} aria-hidden />
        <h2 className="grow clip" title={name}>
          {serviceName(name)}
        </h2>
        <Badge tone={state.ready ? "good" : "bad"}>{t(state.ready ? "health.ready" : "health.notReady")}</Badge>
      </header>
      {reason && <p className="fault-text">{reason}</p>}
      {lag && (
        <dl className="facts small">
          <dt>{t("health.lag.service")}</dt>
          <dd className={highlighted ? "changed" : undefined}>{t("health.records", { n: lag.total })}</dd>
          <dt>{t("time.completeUntil")}</dt>
          <dd>
            <Timestamp at={lag.complete_until} />
          </dd>
        </dl>
      )}
    </section>
  );
}

function LagTable({ lag }: { lag: Lag }) {
  const t = useTranslate();
  const serviceName = useNames("service");
  const services = Object.keys(lag.services);
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={t("health.lag")}>
      <table>
        <caption className="visually-hidden">{t("health.lag")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("operations.topic")}</th>
            {services.map((service) => (
              <th key={service} scope="col" className="number">
                {serviceName(service)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {topicsByLag(lag).map((topic) => (
            <tr key={topic}>
              <th scope="row">
                <code>{topic}</code>
              </th>
              {services.map((service) => (
                <td key={service} className="number">
                  <RecordCount records={lag.services[service]?.lag[topic]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A dot for a topic that the service does not subscribe to. */
function RecordCount({ records }: { records: number | undefined }) {
  const t = useTranslate();
  const format = useFormat();
  if (records === undefined) {
    return (
      <span className="muted" aria-label={t("health.notSubscribed")} role="img">
        ·
      </span>
    );
  }
  return records ? <strong>{format.number(records)}</strong> : <span className="muted">0</span>;
}
