import { getRouteApi, Link } from "@tanstack/react-router";
import { useGet } from "@/shared/api/queries";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge } from "@/shared/ui/primitives";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { Select } from "@/shared/ui/Select";
import { type DefinitionVersions, groupVersions } from "./versions";
import "../operations.css";

const MULTI_COLUMN_FROM = 13;
const route = getRouteApi("/operations/definitions");

/** The published definitions with their versions, by kind. */
export function DefinitionsPage() {
  const t = useTranslate();
  const navigate = route.useNavigate();
  const { kind } = route.useSearch();
  const kindName = useNames("definitions");
  const query = useGet("/v1/definitions", { query: { limit: 500 } });
  const kinds = [...new Set((query.data?.items ?? []).map((definition) => definition.kind))].sort();
  return (
    <PageLayout
      title={t("operations.definitions")}
      subtitle={t("definitions.subtitle")}
      filters={
        <div className="filters no-print">
          <Select
            label={t("definitions.kind")}
            emptyLabel={t("definitions.kind.all")}
            value={kind}
            onChange={(value) => navigate({ search: (before) => ({ ...before, kind: value }), replace: true })}
            options={kinds.map((value) => ({ value, label: kindName(value) }))}
          />
        </div>
      }
    >
      <QueryView query={query}>
        {({ items }) => {
          const shown = groupVersions(items).filter((definition) => !kind || definition.kind === kind);
          if (shown.length === 0) return <EmptyState title={t("definitions.empty")} />;
          return (
            <div className="kinds">
              {[...new Set(shown.map((definition) => definition.kind))].map((one) => (
                <DefinitionKind
                  key={one}
                  title={kindName(one)}
                  definitions={shown.filter((definition) => definition.kind === one)}
                />
              ))}
            </div>
          );
        }}
      </QueryView>
    </PageLayout>
  );
}

function DefinitionKind({ title: heading, definitions }: { title: string; definitions: DefinitionVersions[] }) {
  const t = useTranslate();
  const title = useTitle();
  return (
    <section className={definitions.length >= MULTI_COLUMN_FROM ? "card many" : "card"} aria-label={heading}>
      <header className="card-head">
        <h2>{heading}</h2>
        <Badge>{definitions.length}</Badge>
      </header>
      <ul className="definitions">
        {definitions.map(({ kind, name, title: titles, versions }) => (
          <li key={name}>
            <div className="grow">
              <Link to="/operations/definitions/$kind/$name" params={{ kind, name }}>
                {title(titles, name)}
              </Link>
              <code className="muted small">{name}</code>
            </div>
            <Badge tone={versions.length > 1 ? "accent" : undefined}>
              {t("definitions.version", { version: String(versions[0]?.version ?? "") })}
            </Badge>
          </li>
        ))}
      </ul>
    </section>
  );
}
