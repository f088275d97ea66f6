import { useParams } from "@tanstack/react-router";
import { useGet } from "@/api/hooks";
import { useSetWords, useWords } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Select } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { useKindName } from "./DefinitionsPage";
import { byName, type Definition } from "./shapes";
import { difference, type Line, named, yaml } from "./yaml";
import "../operations.css";

const SIGNS: Record<Line["kind"], string> = { same: " ", added: "+", gone: "−" };

/** One definition as YAML; beside an earlier version, what came and what went. */
export function DefinitionPage() {
  const { kind, name } = useParams({ strict: false }) as { kind: string; name: string };
  const t = useSay();
  const title = useTitle();
  const set = useSetWords();
  const words = useWords();
  const kindName = useKindName();
  const query = useGet("/v1/definitions", { query: { limit: 500, kind } });
  const found = byName(query.data?.items ?? []).find((d) => d.name === name);
  const shown = found?.versions.find((v) => String(v.version) === words.version) ?? found?.versions[0];
  const against = found?.versions.find((v) => String(v.version) === words.against && v !== shown);
  const label = (v: Definition) => ({ value: String(v.version), label: t("definitions.version", { version: String(v.version) }) });
  return (
    <PageFrame
      title={title(found?.title, name)} above={[{ label: t("operations.definitions"), to: "/operations/definitions" as never }]} read
      sub={<>{kindName(kind)} · <code>{name}</code></>}
      filters={found && <div className="filters no-print">
        <Select label={t("definitions.shown")} value={String(shown?.version)} choices={found.versions.map(label)} onChoose={(version) => set({ version })} />
        {found.versions.length > 1 && <Select label={t("definitions.against")} all={t("definitions.against.none")} value={words.against} choices={found.versions.filter((v) => v !== shown).map(label)} onChoose={(version) => set({ against: version })} />}
      </div>}
    >
      <Answered query={query}>{() => (shown ? (
        <section className="card" aria-label={t("definitions.source")}>
          <pre className="source" tabIndex={0} aria-label={t("definitions.source")}>
            {against ? difference(yaml(named(against.body)), yaml(named(shown.body))).map((line, i) => (
              <span key={i} className="source-line" data-kind={line.kind}><span aria-hidden>{SIGNS[line.kind]} </span>{line.kind !== "same" && <span className="visually-hidden">{t(`definitions.line.${line.kind}`)}: </span>}{line.text}{"\n"}</span>
            )) : yaml(named(shown.body))}
          </pre>
        </section>
      ) : <Empty title={t("state.missing")} />)}</Answered>
    </PageFrame>
  );
}
