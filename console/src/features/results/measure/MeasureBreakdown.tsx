import { useDimensionLabels } from "@/shared/api/dimensionLabels";
import { useGet } from "@/shared/api/queries";
import { useTitle, useTranslate } from "@/shared/i18n";
import { CsvButton } from "@/shared/ui/CsvButton";
import { LoadingState, QueryView } from "@/shared/ui/queryStates";
import { BreakdownTable } from "../BreakdownTable";
import { COMPARISONS } from "../ComparisonText";

interface Props {
  measure: string;
  /** The dimension by which the measure is split. */
  by: string;
  period: string;
  where: readonly string[];
}

export function MeasureBreakdown({ measure, by, period, where }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const { dimension } = useDimensionLabels();
  const parameters = { path: { measure }, query: { period, where, by, compare: COMPARISONS, limit: 500 } };
  const query = useGet("/v1/kpis/{measure}", parameters, { keepPrevious: true });
  const name = t("results.breakdown", {
    name: title(query.data?.title, measure),
    dimension: dimension(by).toLocaleLowerCase(),
  });
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2>{name}</h2>
        <span className="no-print">
          <CsvButton template="/v1/kpis/{measure}" parameters={parameters} name={`${measure}-${by}-${period}`} />
        </span>
      </header>
      <QueryView query={query} loading={<LoadingState rows={4} />}>
        {(figures) => <BreakdownTable tile={figures} where={where} />}
      </QueryView>
    </section>
  );
}
