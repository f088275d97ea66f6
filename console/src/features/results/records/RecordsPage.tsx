import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { useDealNames } from "@/shared/api/customerNames";
import { useDimensionLabels } from "@/shared/api/dimensionLabels";
import { useGet, useList } from "@/shared/api/queries";
import type { Deal, FactRecord } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { presetPeriod, today } from "@/shared/format/periods";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { CsvButton } from "@/shared/ui/CsvButton";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge, DateText, NoValue } from "@/shared/ui/primitives";
import { type Column, Table } from "@/shared/ui/Table";
import { contribution, splitCondition } from "./records";
import "../results.css";

const MAX_NAMED_DEALS = 300;
const NO_DEALS: Deal[] = [];
const NO_CONDITIONS: readonly string[] = [];
const route = getRouteApi("/results/measures/$measure/records");

/** The facts behind a figure, each with its contribution. */
export function RecordsPage() {
  const { measure } = route.useParams();
  const search = route.useSearch();
  const t = useTranslate();
  const title = useTitle();
  const labels = useDimensionLabels();
  const format = useFormat();
  const figureFormat = useFigureFormat();
  const period = search.period ?? presetPeriod("this_month", today());
  const where = search.where ?? NO_CONDITIONS;
  const parameters = { path: { measure }, query: { period, where } };
  const query = useList("/v1/kpis/{measure}/records", parameters, { keepPrevious: true });
  const figures = useGet("/v1/kpis/{measure}", parameters).data;
  const row = figures?.rows[0];
  const name = title(figures?.title, measure);
  const heading = t("results.records.of", { name });
  const columns = useColumns(query.items);
  const conditions = where.map((condition) => {
    const [dimension, label] = splitCondition(condition);
    const value = dimension === "currency" ? label : labels.label(dimension, label || null);
    return ` · ${labels.dimension(dimension)}: ${value}`;
  });
  return (
    <PageLayout
      title={heading}
      parent={
        <Link to="/results/measures/$measure" params={{ measure }}>
          {name}
        </Link>
      }
      subtitle={
        <>
          {format.period(period)}
          {conditions}
          {figures && row && (
            <>
              {" "}
              · <strong>{figureFormat.value(figures.unit, row)}</strong>
            </>
          )}
        </>
      }
      actions={
        <CsvButton
          template="/v1/kpis/{measure}/records"
          parameters={{ ...parameters, query: { ...parameters.query, limit: 500 } }}
          name={`${measure}-records-${period}`}
        />
      }
    >
      <section className="card">
        <PagedList query={query} items={query.items} emptyTitle={t("results.records.empty")}>
          <Table label={heading} columns={columns} rows={query.items} rowKey={(fact) => `${fact.fact} ${fact.id}`} />
        </PagedList>
      </section>
    </PageLayout>
  );
}

function useColumns(facts: readonly FactRecord[]): Column<FactRecord>[] {
  const t = useTranslate();
  const factName = useNames("fact");
  const labels = useDimensionLabels();
  const format = useFigureFormat();
  const dealName = useDealNamesById(facts.filter((fact) => fact.fact === "deal").map((fact) => fact.id));
  const first = (fact: FactRecord) => fact.counts[0];
  const dimensionColumn = (dimension: string): Column<FactRecord> => {
    const value = (fact: FactRecord): string | null => {
      const label = first(fact)?.dimensions[dimension];
      return label ? labels.label(dimension, label) : null;
    };
    return {
      id: dimension,
      header: labels.dimension(dimension),
      sortValue: value,
      cell: (fact) => value(fact) ?? <NoValue />,
    };
  };
  return [
    {
      id: "record",
      header: t("results.record"),
      sortValue: (fact) => dealName(fact.id),
      cell: (fact) => (
        <div>
          <FactLink fact={fact}>
            <strong>{dealName(fact.id)}</strong>
          </FactLink>
          {dealName(fact.id) !== fact.id && <div className="muted small">{fact.id}</div>}
        </div>
      ),
    },
    {
      id: "fact",
      header: t("results.record.kind"),
      sortValue: (fact) => fact.fact,
      cell: (fact) => <Badge>{factName(fact.fact)}</Badge>,
    },
    {
      id: "day",
      header: t("results.record.day"),
      sortValue: (fact) => first(fact)?.day,
      cell: (fact) => <DateText on={first(fact)?.day} />,
    },
    dimensionColumn("rep"),
    dimensionColumn("region"),
    dimensionColumn("business_line"),
    {
      id: "contribution",
      header: t("results.record.contribution"),
      numeric: true,
      sortValue: (fact) => contribution(fact).amount,
      cell: (fact) => {
        const { amount, currency, n } = contribution(fact);
        return currency ? format.plain("money", amount, currency) : format.plain("count", n, null);
      },
    },
  ];
}

/** A link to the page of a deal or a lead; other facts have no page. */
function FactLink({ fact, children }: { fact: FactRecord; children: ReactNode }) {
  const params = { id: fact.id };
  if (fact.fact === "deal") {
    return (
      <Link to="/process/deals/$id" params={params}>
        {children}
      </Link>
    );
  }
  if (fact.fact === "lead" || fact.fact === "lead_score") {
    return (
      <Link to="/process/leads/$id" params={params}>
        {children}
      </Link>
    );
  }
  return children;
}

/** Names of the first deals; until they are loaded, and for all others, the ids. */
function useDealNamesById(ids: readonly string[]): (id: string) => string {
  const key = ids.slice(0, MAX_NAMED_DEALS).join("|");
  const requested = useMemo(() => (key ? key.split("|") : []), [key]);
  const query = useGet(
    "/v1/opportunities",
    { query: { id: requested, limit: 500 } },
    { enabled: requested.length > 0, keepPrevious: true },
  );
  const deals = query.data?.items ?? NO_DEALS;
  const dealName = useDealNames(deals);
  const byId = new Map(deals.map((deal) => [deal.opportunity_id, deal]));
  return (id) => {
    const deal = byId.get(id);
    return deal ? dealName(deal) : id;
  };
}
