import { getRouteApi, Link } from "@tanstack/react-router";
import { useGet } from "@/shared/api/queries";
import type { PublishedDefinition } from "@/shared/api/types";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { PageLayout } from "@/shared/ui/PageLayout";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { Select } from "@/shared/ui/Select";
import { groupVersions } from "./versions";
import { type DiffLine, diffLines, nameFirst, yaml } from "./yaml";
import "../operations.css";

const SIGNS: Record<DiffLine["kind"], string> = { same: " ", added: "+", removed: "−" };
const route = getRouteApi("/operations/definitions/$kind/$name");

const source = (definition: PublishedDefinition): string => yaml(nameFirst(definition.body));

/** A definition as YAML, and its difference to another version. */
export function DefinitionPage() {
  const { kind, name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const t = useTranslate();
  const title = useTitle();
  const kindName = useNames("definitions");
  const query = useGet("/v1/definitions", { query: { limit: 500, kind } });
  const definition = groupVersions(query.data?.items ?? []).find((one) => one.name === name);
  const versions = definition?.versions ?? [];
  const shown = versions.find((one) => String(one.version) === search.version) ?? versions[0];
  const others = versions.filter((one) => one !== shown);
  const against = others.find((one) => String(one.version) === search.against);
  const option = ({ version }: PublishedDefinition) => ({
    value: String(version),
    label: t("definitions.version", { version: String(version) }),
  });
  const update = (change: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <PageLayout
      title={title(definition?.title, name)}
      parent={<Link to="/operations/definitions">{t("operations.definitions")}</Link>}
      narrow
      subtitle={
        <>
          {kindName(kind)} · <code>{name}</code>
        </>
      }
      filters={
        shown && (
          <div className="filters no-print">
            <Select
              label={t("definitions.version.shown")}
              value={String(shown.version)}
              options={versions.map(option)}
              onChange={(version) => update({ version })}
            />
            {others.length > 0 && (
              <Select
                label={t("definitions.version.against")}
                emptyLabel={t("definitions.version.against.none")}
                value={against && String(against.version)}
                options={others.map(option)}
                onChange={(version) => update({ against: version })}
              />
            )}
          </div>
        )
      }
    >
      <QueryView query={query}>
        {() =>
          shown ? (
            <section className="card" aria-label={t("definitions.source")}>
              <pre className="source" tabIndex={0} role="group" aria-label={t("definitions.source")}>
                {against ? <Difference before={source(against)} after={source(shown)} /> : source(shown)}
              </pre>
            </section>
          ) : (
            <EmptyState title={t("state.missing")} />
          )
        }
      </QueryView>
    </PageLayout>
  );
}

function Difference({ before, after }: { before: string; after: string }) {
  const t = useTranslate();
  return diffLines(before, after).map(({ kind, text }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: equal lines differ in their position only
    <span key={index} className="source-line" data-kind={kind}>
      <span aria-hidden>{SIGNS[kind]} </span>
      {kind !== "same" && <span className="visually-hidden">{t(`definitions.line.${kind}`)}: </span>}
      {text}
      {"\n"}
    </span>
  ));
}
