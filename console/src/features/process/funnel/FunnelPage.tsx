import { getRouteApi } from "@tanstack/react-router";
import { useBlueprint } from "@/shared/api/blueprints";
import { useGet } from "@/shared/api/queries";
import { spanOf } from "@/shared/format/periods";
import { useTranslate } from "@/shared/i18n";
import { toListQuery, useFilters } from "@/shared/routing/rootRoute";
import { Card } from "@/shared/ui/Card";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { PipelineTabs, usePipeline } from "../PipelineTabs";
import { FUNNEL_MODES } from "../searchValues";
import { FunnelBars } from "./FunnelBars";
import { LossReasons } from "./LossReasons";
import "./funnel.css";

const route = getRouteApi("/process/funnel");

/** The funnel of a pipeline, for the deals opened in the period (cohort) or entering stages in it (throughput). */
export function FunnelPage() {
  const t = useTranslate();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const filters = useFilters();
  const mode = search.mode ?? "cohort";
  const { pipeline, pipelines } = usePipeline(search.pipeline);
  const span = filters.period ? spanOf(filters.period) : null;
  const blueprint = useBlueprint(pipeline?.name);
  const query = useGet(
    "/v1/funnels/{pipeline}",
    {
      path: { pipeline: pipeline?.name ?? "" },
      query: { ...toListQuery(filters), business_line: undefined, ...span, mode },
    },
    { enabled: Boolean(pipeline), keepPrevious: true },
  );
  return (
    <PageLayout
      title={t("process.funnel")}
      subtitle={t(`funnel.mode.${mode}.explanation`)}
      tabs={<PipelineTabs to="/process/funnel" pipeline={pipeline} pipelines={pipelines} />}
      filters={
        <FilterBar defaultPeriod="all_time">
          <div className="segmented" role="group" aria-label={t("funnel.mode")}>
            {FUNNEL_MODES.map((value) => (
              <button
                key={value}
                type="button"
                aria-pressed={value === mode}
                onClick={() => navigate({ search: (before) => ({ ...before, mode: value }), replace: true })}
              >
                {t(`funnel.mode.${value}`)}
              </button>
            ))}
          </div>
        </FilterBar>
      }
    >
      <QueryView query={query}>
        {({ stages }) =>
          stages.some((stage) => stage.reached > 0) ? (
            <div className="columns-2">
              <Card heading={t("funnel.stages")}>
                <FunnelBars stages={stages} />
              </Card>
              <Card heading={t("funnel.lossReasons")}>
                <LossReasons stages={stages} definitions={blueprint.data?.loss_reasons ?? []} />
              </Card>
            </div>
          ) : (
            <EmptyState title={t("funnel.empty")} />
          )
        }
      </QueryView>
    </PageLayout>
  );
}
