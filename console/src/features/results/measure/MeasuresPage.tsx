import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useGet } from "@/shared/api/queries";
import type { Measure } from "@/shared/api/types";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { PageLayout } from "@/shared/ui/PageLayout";
import { QueryView } from "@/shared/ui/queryStates";
import { type Column, Table } from "@/shared/ui/Table";
import "../results.css";

/** All measures with their formulas. */
export function MeasuresPage() {
  const t = useTranslate();
  const title = useTitle();
  const unitName = useNames("results.unit");
  const [text, setText] = useState("");
  const query = useGet("/v1/kpis");
  const name = (measure: Measure): string => title(measure.title, measure.measure);
  const columns: Column<Measure>[] = [
    {
      id: "name",
      header: t("results.measure"),
      sortValue: name,
      cell: (measure) => (
        <Link to="/results/measures/$measure" params={{ measure: measure.measure }}>
          <strong>{name(measure)}</strong>
        </Link>
      ),
    },
    {
      id: "formula",
      header: t("results.formula"),
      cell: (measure) => (
        <span>
          {title(measure.formula)}
          {measure.basis && (
            <span className="muted">
              {" "}
              ({t("results.basis")}: <code>{measure.basis}</code>)
            </span>
          )}
        </span>
      ),
    },
    {
      id: "unit",
      header: t("results.unit"),
      sortValue: (measure) => unitName(measure.unit),
      cell: (measure) => unitName(measure.unit),
    },
    {
      id: "definition",
      header: t("results.definition"),
      sortValue: (measure) => measure.measure,
      cell: (measure) => <code className="nowrap">{measure.definition}</code>,
    },
  ];
  const matches = (measure: Measure): boolean =>
    [measure.measure, title(measure.title), title(measure.formula)].some((one) =>
      one.toLowerCase().includes(text.toLowerCase()),
    );
  return (
    <PageLayout
      title={t("results.measures")}
      subtitle={t("results.measures.subtitle")}
      filters={
        <div className="filters no-print">
          <input
            className="input"
            style={{ maxWidth: "20rem" }}
            type="search"
            aria-label={t("results.measures.find")}
            placeholder={t("results.measures.find")}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      }
    >
      <section className="card">
        <QueryView query={query}>
          {({ items }) => {
            const rows = items.filter(matches);
            return rows.length ? (
              <Table label={t("results.measures")} columns={columns} rows={rows} rowKey={(one) => one.measure} />
            ) : (
              <p className="card-body muted">{t("search.noResults", { query: text })}</p>
            );
          }}
        </QueryView>
      </section>
    </PageLayout>
  );
}
