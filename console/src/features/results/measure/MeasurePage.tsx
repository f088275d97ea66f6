import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useDimensionLabels } from "@/shared/api/dimensionLabels";
import { useGet } from "@/shared/api/queries";
import { presetPeriod, spanOf, today } from "@/shared/format/periods";
import { useTitle, useTranslate } from "@/shared/i18n";
import { toConditions, useFilters } from "@/shared/routing/rootRoute";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { CompleteUntil } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";
import { Select } from "@/shared/ui/Select";
import { HeadlineTile } from "../board/HeadlineTile";
import { COMPARISONS } from "../ComparisonText";
import { PeriodText } from "../PeriodText";
import { MeasureBreakdown } from "./MeasureBreakdown";
import { MeasureExplanation } from "./MeasureExplanation";
import { Trend } from "./Trend";
import { GRAINS } from "./trendRange";
import "../results.css";

const DEFAULT_DIMENSION = "region";
const route = getRouteApi("/results/measures/$measure");

/** A measure: its value, its trend, its breakdown by a dimension, and how it is computed. */
export function MeasurePage() {
  const { measure } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const t = useTranslate();
  const title = useTitle();
  const filters = useFilters();
  const where = useMemo(() => toConditions(filters), [filters]);
  const { dimension } = useDimensionLabels();
  const grain = search.grain ?? "month";
  const period = filters.period ?? presetPeriod("this_month", today());
  const query = useGet(
    "/v1/kpis/{measure}",
    { path: { measure }, query: { period, where, compare: COMPARISONS } },
    { keepPrevious: true },
  );
  const figures = query.data?.measure === measure ? query.data : undefined;
  const row = figures?.rows[0];
  const end = row?.to ?? spanOf(period)?.to; // a period without records has no row
  const dimensions = (figures?.dimensions ?? []).filter((name) => name !== "currency");
  const by = [search.by, DEFAULT_DIMENSION].find((name) => name && dimensions.includes(name)) ?? dimensions[0];
  const update = (change: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <PageLayout
      title={title(figures?.title, measure)}
      parent={<Link to="/results/measures">{t("results.measures")}</Link>}
      subtitle={
        figures ? (
          <>
            <PeriodText row={row} period={period} /> · <CompleteUntil at={figures.complete_until} />
          </>
        ) : (
          " "
        )
      }
      filters={
        <FilterBar>
          <Select
            label={t("results.grain")}
            value={grain}
            onChange={(value) => update({ grain: value })}
            options={GRAINS.map((value) => ({ value, label: t(`results.grain.${value}`) }))}
          />
          {figures && (
            <Select
              label={t("results.splitBy")}
              value={by}
              onChange={(value) => update({ by: value })}
              options={dimensions.map((value) => ({
                value,
                label: t("results.splitBy.one", { dimension: dimension(value).toLocaleLowerCase() }),
              }))}
            />
          )}
        </FilterBar>
      }
    >
      <QueryView query={query}>
        {() =>
          figures && (
            <>
              <div className="measure-top">
                <HeadlineTile tile={figures} where={where} />
                {end && <Trend figures={figures} grain={grain} to={end} where={where} />}
              </div>
              {by && <MeasureBreakdown measure={measure} by={by} period={period} where={where} />}
              <MeasureExplanation measure={measure} />
            </>
          )
        }
      </QueryView>
    </PageLayout>
  );
}
