import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { get } from "@/api/client";
import { useGet } from "@/api/hooks";
import { Problem } from "@/api/problem";
import type { Health, Lag } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Badge, When } from "@/ui/small";
import { Answered } from "@/ui/states";
import { useChanged } from "@/ui/useChanged";
import { useServiceName } from "./names";
import { busiest } from "./lag";
import "./operations.css";

const POLL_MS = 5_000;

/** A system that is not well answers 503 with the same body: that is an answer, not a failure. */
async function look(signal: AbortSignal): Promise<Health> {
  try {
    return await get("/v1/health", { signal });
  } catch (error) {
    if (error instanceof Problem && error.status === 503 && error.body.services) return error.body as unknown as Health;
    throw error;
  }
}

/** Whether each service is up, with its reason if not, and what it has not yet processed. Looked at every five seconds. */
export function HealthPage() {
  const t = useSay();
  const health = useQuery<Health, Error>({ queryKey: ["/v1/health", {}, {}], queryFn: ({ signal }) => look(signal), refetchInterval: POLL_MS });
  const lag = useGet("/v1/lag", {}, { poll: POLL_MS });
  return (
    <PageFrame title={t("operations.health")} sub={health.data && t(health.data.status === "ready" ? "operations.well" : "operations.unwell")} read>
      <Answered query={health}>{({ services }) => (
        <div className="grid services">{Object.entries(services).map(([name, state]) => <Service key={name} name={name} state={state} lag={lag.data?.services[name]} />)}</div>
      )}</Answered>
      <section className="card" aria-labelledby="lag">
        <header className="card-head"><h2 id="lag">{t("operations.lag")}</h2>{lag.data && <Badge tone={lag.data.total ? "warn" : "good"}>{t("operations.lag.total", { n: lag.data.total })}</Badge>}</header>
        <Answered query={lag}>{(found) => <LagTable lag={found} />}</Answered>
      </section>
    </PageFrame>
  );
}

function Service({ name, state, lag }: { name: string; state: Health["services"][string]; lag: Lag["services"][string] | undefined }) {
  const t = useSay();
  const changed = useChanged(lag?.total, name);
  const Icon = state.ready ? CircleCheck : CircleX;
  const reason = state.reason ?? (state.ready ? null : JSON.stringify({ ...state, ready: undefined }));
  return (
    <section className="card service" aria-label={name} data-ready={state.ready}>
      <header className="row"><Icon className={state.ready ? "icon good-text" : "icon bad-text"} aria-hidden /><h2 className="grow clip" title={name}>{useServiceName()(name)}</h2><Badge tone={state.ready ? "good" : "bad"}>{t(state.ready ? "operations.ready" : "operations.notReady")}</Badge></header>
      {reason && <p className="fault-text">{reason}</p>}
      {lag && (
        <dl className="facts small">
          <dt>{t("operations.lag.waiting")}</dt><dd className={changed ? "changed" : undefined}>{t("operations.records", { n: lag.total })}</dd>
          <dt>{t("results.fresh")}</dt><dd><When at={lag.complete_until} /></dd>
        </dl>
      )}
    </section>
  );
}

function LagTable({ lag }: { lag: Lag }) {
  const t = useSay();
  const format = useFormat();
  const services = Object.keys(lag.services);
  const serviceName = useServiceName();
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={t("operations.lag")}>
      <table>
        <caption className="visually-hidden">{t("operations.lag")}</caption>
        <thead><tr><th scope="col">{t("operations.topic")}</th>{services.map((s) => <th key={s} scope="col" className="number">{serviceName(s)}</th>)}</tr></thead>
        <tbody>{busiest(lag).map((topic) => (
          <tr key={topic}><th scope="row"><code>{topic}</code></th>{services.map((s) => {
            const n = lag.services[s]?.lag[topic];
            return <td key={s} className="number">{n === undefined ? <span className="muted" aria-label={t("operations.notHeard")} role="img">·</span> : n ? <strong>{format.number(n)}</strong> : <span className="muted">0</span>}</td>;
          })}</tr>
        ))}</tbody>
      </table>
    </div>
  );
}
