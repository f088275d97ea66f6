import { Plus, Target as TargetIcon } from "lucide-react";
import { useState } from "react";
import { useReps } from "@/shared/api/organisation";
import { useGet } from "@/shared/api/queries";
import type { Target } from "@/shared/api/types";
import { usePermission } from "@/shared/api/viewer";
import { useFormat } from "@/shared/format";
import { presetPeriod, today } from "@/shared/format/periods";
import { useTranslate } from "@/shared/i18n";
import { useFilters, useSetFilters } from "@/shared/routing/rootRoute";
import { Button } from "@/shared/ui/Button";
import { CsvButton } from "@/shared/ui/CsvButton";
import { PageLayout } from "@/shared/ui/PageLayout";
import { CompleteUntil } from "@/shared/ui/primitives";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { Select } from "@/shared/ui/Select";
import { TargetDialog } from "./TargetDialog";
import { TargetTable } from "./TargetTable";
import { targetPeriods } from "./targetPeriods";
import { groupTargets } from "./targetTree";
import "./targets.css";

/** The targets of a period by measure and scope, and their attainment. */
export function TargetsPage() {
  const t = useTranslate();
  const setFilters = useSetFilters();
  const format = useFormat();
  const canEdit = usePermission()("targets:write");
  const reps = useReps();
  const period = useFilters().period ?? presetPeriod("this_month", today());
  const [edited, setEdited] = useState<Target | "new" | null>(null);
  const parameters = { path: { period } };
  const query = useGet("/v1/targets/{period}/attainment", parameters, { keepPrevious: true });
  const measures = useGet("/v1/kpis").data?.items ?? [];
  const periods = [...new Set([period, ...targetPeriods(today())])];
  const button = canEdit && (
    <Button variant="primary" icon={<Plus className="icon" aria-hidden />} onClick={() => setEdited("new")}>
      {t("targets.set")}
    </Button>
  );
  return (
    <PageLayout
      title={t("targets.title", { period: format.period(period) })}
      narrow
      subtitle={query.data ? <CompleteUntil at={query.data.complete_until} /> : " "}
      actions={
        <>
          <CsvButton template="/v1/targets/{period}/attainment" parameters={parameters} name={`targets-${period}`} />
          {button}
        </>
      }
      filters={
        <div className="filters no-print">
          <Select
            label={t("filter.period")}
            value={period}
            options={periods.map((value) => ({ value, label: format.period(value) }))}
            onChange={(value) => setFilters({ period: value })}
          />
        </div>
      }
    >
      <QueryView query={query}>
        {(targets) =>
          targets.items.length && targets.period === period ? (
            groupTargets(targets.items).map((group) => (
              <TargetTable
                key={`${group[0]?.measure} ${group[0]?.currency}`}
                targets={group}
                reps={reps}
                onEdit={canEdit ? setEdited : undefined}
                measure={measures.find((measure) => measure.measure === group[0]?.measure)}
              />
            ))
          ) : (
            <section className="card">
              <EmptyState
                title={t("targets.none", { period: format.period(period) })}
                icon={<TargetIcon className="icon" aria-hidden />}
              >
                <p>{t(canEdit ? "targets.none.how" : "targets.none.who")}</p>
                {button}
              </EmptyState>
            </section>
          )
        }
      </QueryView>
      {edited && (
        <TargetDialog
          period={period}
          measures={measures}
          target={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
        />
      )}
    </PageLayout>
  );
}
