import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useGet, usePages } from "@/api/hooks";
import { useMay } from "@/api/me";
import type { LetterGroup, LetterStats } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSetWords, useWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { Button } from "@/ui/Button";
import { PageFrame } from "@/ui/Page";
import { Pages } from "@/ui/Pages";
import { Badge, Select, Unknown, When } from "@/ui/small";
import { type Column, Table } from "@/ui/Table";
import { useServiceName } from "../names";
import { TextFilter } from "../TextFilter";
import { ReplayManyDialog } from "./ReplayManyDialog";
import { type Conditions, CONDITIONS,  } from "./shapes";
import { StatusBadge } from "./StatusBadge";
import "../operations.css";

const STATUSES = ["open", "replayed", "discarded"] as const;
const SERVICES = ["lead_scoring", "pipeline", "segmentation", "surveys", "kpi"];

/** What could not be taken, one line per record of the log, with the reason of each service; the way to give it back. */
export function LettersPage() {
  const t = useSay();
  const set = useSetWords();
  const may = useMay();
  const words = useWords();
  const where: Conditions = Object.fromEntries(CONDITIONS.map((name) => [name, name === "status" ? (words.status ?? "open") : words[name]]).filter(([, v]) => v && v !== "all"));
  const found = usePages("/v1/dead-letters", { query: { ...where, grouped: "true" } }, { keep: true, limit: 50 });
  const stats = useGet("/v1/dead-letters/stats", {}, { keep: true });
  const serviceName = useServiceName();
  const [replaying, setReplaying] = useState(false);
  const open = stats.data?.status.open ?? 0;
  return (
    <PageFrame
      title={t("operations.letters")} sub={stats.data && t("letters.sub", { n: open })}
      actions={may("operate:write") && open > 0 && <Button icon={<RotateCcw className="icon" aria-hidden />} onClick={() => setReplaying(true)}>{t("letters.replayMany")}</Button>}
      filters={<div className="filters no-print" role="group" aria-label={t("filter.label")}>
        <Select label={t("letters.status")} value={words.status ?? "open"} onChoose={(status) => set({ status })} choices={[...STATUSES.map((s) => ({ value: s as string, label: t(`letters.status.${s}`) })), { value: "all", label: t("letters.status.all") }]} />
        <Select label={t("operations.service")} all={t("letters.service.all")} value={words.service} onChoose={(service) => set({ service })} choices={SERVICES.map((s) => ({ value: s, label: serviceName(s) }))} />
        <Select label={t("operations.topic")} all={t("letters.topic.all")} value={words.topic} onChoose={(topic) => set({ topic })} choices={Object.keys(stats.data?.topic ?? {}).map((x) => ({ value: x, label: x }))} />
        <TextFilter label={t("letters.type")} value={words.event_type} onChoose={(event_type) => set({ event_type })} />
      </div>}
    >
      <Codes stats={stats.data} chosen={words.code} onChoose={(code) => set({ code })} />
      <section className="card">
        <Pages query={found} items={found.items} empty={t("letters.none")}><LetterTable groups={found.items as LetterGroup[]} /></Pages>
      </section>
      {replaying && <ReplayManyDialog where={where} onClose={() => setReplaying(false)} />}
    </PageFrame>
  );
}

/** Those that wait, by reason: a press shows only these. */
function Codes({ stats, chosen, onChoose }: { stats: LetterStats | undefined; chosen: string | undefined; onChoose: (code: string | undefined) => void }) {
  const t = useSay();
  const format = useFormat();
  const codes = Object.entries(stats?.code ?? {}).sort(([, a], [, b]) => b - a);
  if (codes.length === 0) return null;
  return (
    <div className="row" role="group" aria-label={t("letters.codes")}>
      {codes.map(([code, n]) => <Button key={code} small aria-pressed={code === chosen} className={code === chosen ? "pressed" : ""} onClick={() => onChoose(code === chosen ? undefined : code)}>{code} <Badge tone="bad">{format.number(n)}</Badge></Button>)}
    </div>
  );
}

/** A long name may break after its dots and underscores, and nowhere else. */
function breakable(name: string): ReactNode {
  return name.split(/(?<=[._])/).flatMap((part, i) => (i ? [<wbr key={i} />, part] : [part]));
}

function LetterTable({ groups }: { groups: LetterGroup[] }) {
  const t = useSay();
  const serviceName = useServiceName();
  const columns: Column<LetterGroup>[] = [
    { id: "event", head: t("letters.event"), value: (g) => g.event_type, cell: (g) => <div className="letter-event"><Link to="/operations/dead-letters/$id" params={{ id: g.letters[0]?.id ?? "" }}><strong>{g.event_type ? breakable(g.event_type) : t("letters.noType")}</strong></Link><div className="muted small letter-id">{g.event_source} · {g.event_id}</div></div> },
    { id: "why", head: t("letters.why"), cell: (g) => <ul className="stack letter-why">{g.letters.map((l) => (
      <li key={l.id}><div className="row tight"><Badge>{serviceName(l.service)}</Badge><code>{l.code}</code><StatusBadge status={l.status} />{l.replays > 0 && <span className="muted small">{t("letters.replays", { n: l.replays })}</span>}</div><Link to="/operations/dead-letters/$id" params={{ id: l.id }} className="letter-error">{l.error}</Link></li>
    ))}</ul> },
    { id: "place", head: t("letters.place"), value: (g) => `${g.topic} ${g.partition} ${g.offset}`, cell: (g) => <div><code>{g.topic}</code><div className="muted small">{g.partition} / {g.offset}</div></div> },
    { id: "at", head: t("letters.at"), value: (g) => g.letters[0]?.first_failed_at, cell: (g) => (g.letters[0] ? <span className="nowrap"><When at={g.letters[0].first_failed_at} distance /></span> : <Unknown />) },
  ];
  return <Table label={t("operations.letters")} columns={columns} rows={groups} rowKey={(g) => `${g.topic}/${g.partition}/${g.offset}`} />;
}
