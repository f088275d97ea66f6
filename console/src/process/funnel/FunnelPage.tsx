import { useGet } from "@/api/hooks";
import { spanOf } from "@/format/periods";
import { FilterBar } from "@/frame/FilterBar";
import { asQuery, useFilters, useSetWords, useWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Answered, Empty } from "@/ui/states";
import { PipelineTabs, usePipeline } from "../PipelineTabs";
import { useBlueprint } from "../stages";
import { FunnelBars } from "./FunnelBars";
import { LossReasons } from "./LossReasons";
import "./funnel.css";

const MODES = ["cohort", "throughput"] as const;

/** How far deals came: of those opened in the period, or of those that reached each stage in it. */
export function FunnelPage() {
  const t = useSay();
  const set = useSetWords();
  const filters = useFilters();
  const mode = useWords().mode === "throughput" ? "throughput" : "cohort";
  const { pipeline } = usePipeline();
  const span = filters.period ? spanOf(filters.period) : null;
  const blueprint = useBlueprint(pipeline?.name);
  const query = useGet("/v1/funnels/{pipeline}", {
    path: { pipeline: pipeline?.name ?? "" }, query: { ...asQuery(filters), business_line: undefined, ...span, mode },
  }, { enabled: Boolean(pipeline), keep: true });
  return (
    <PageFrame
      title={t("process.funnel")} sub={t(`funnel.mode.${mode}.why`)}
      tabs={<PipelineTabs to="/process/funnel" />}
      filters={<FilterBar unset="ever">
        <div className="segmented" role="group" aria-label={t("funnel.mode")}>
          {MODES.map((m) => <button key={m} type="button" aria-pressed={m === mode} onClick={() => set({ mode: m })}>{t(`funnel.mode.${m}`)}</button>)}
        </div>
      </FilterBar>}
    >
      <Answered query={query}>{({ stages }) => (stages.some((s) => s.reached > 0) ? (
        <div className="columns-2">
          <section className="card" aria-labelledby="bars">
            <header className="card-head"><h2 id="bars">{t("funnel.bars")}</h2></header>
            <FunnelBars stages={stages} />
          </section>
          <section className="card" aria-labelledby="reasons">
            <header className="card-head"><h2 id="reasons">{t("funnel.reasons")}</h2></header>
            <LossReasons stages={stages} named={blueprint.data?.loss_reasons ?? []} />
          </section>
        </div>
      ) : <Empty title={t("funnel.none")} />)}</Answered>
    </PageFrame>
  );
}
