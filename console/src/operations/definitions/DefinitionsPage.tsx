import { Link } from "@tanstack/react-router";
import { useGet } from "@/api/hooks";
import { useSetWords, useWords } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { isKey } from "@/i18n/words";
import { PageFrame } from "@/ui/Page";
import { Badge, Select } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { byName, type Versions } from "./shapes";
import "../operations.css";

/** What business people edit, as it was published: every definition with its versions. */
export function DefinitionsPage() {
  const t = useSay();
  const set = useSetWords();
  const { kind } = useWords();
  const query = useGet("/v1/definitions", { query: { limit: 500 } });
  const kinds = [...new Set((query.data?.items ?? []).map((d) => d.kind))].sort();
  const kindName = useKindName();
  return (
    <PageFrame
      title={t("operations.definitions")} sub={t("definitions.sub")}
      filters={<div className="filters no-print"><Select label={t("definitions.kind")} all={t("definitions.kind.all")} value={kind} onChoose={(value) => set({ kind: value })} choices={kinds.map((k) => ({ value: k, label: kindName(k) }))} /></div>}
    >
      <Answered query={query}>{({ items }) => {
        const all = byName(items).filter((d) => !kind || d.kind === kind);
        if (all.length === 0) return <Empty title={t("definitions.none")} />;
        return <div className="kinds">{kinds.filter((k) => all.some((d) => d.kind === k)).map((k) => <Kind key={k} title={kindName(k)} all={all.filter((d) => d.kind === k)} />)}</div>;
      }}</Answered>
    </PageFrame>
  );
}

export function useKindName(): (kind: string) => string {
  const t = useSay();
  return (kind) => (isKey(`definitions.${kind}`) ? t(`definitions.${kind}` as never) : kind);
}

const MANY = 12;

function Kind({ title: name, all }: { title: string; all: Versions[] }) {
  const t = useSay();
  const title = useTitle();
  return (
    <section className={all.length > MANY ? "card many" : "card"} aria-label={name}>
      <header className="card-head"><h2>{name}</h2><Badge>{all.length}</Badge></header>
      <ul className="definitions">{all.map((d) => (
        <li key={d.name}><div className="grow"><Link to="/operations/definitions/$kind/$name" params={{ kind: d.kind, name: d.name }}>{title(d.title, d.name)}</Link><code className="muted small">{d.name}</code></div><Badge tone={d.versions.length > 1 ? "accent" : undefined}>{t("definitions.version", { version: String(d.versions[0]?.version ?? "") })}</Badge></li>
      ))}</ul>
    </section>
  );
}
