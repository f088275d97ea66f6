import { useGet } from "@/api/hooks";
import { useSay, useTitle } from "@/i18n";
import { Csv } from "@/ui/Csv";
import { Answered, Loading } from "@/ui/states";
import { BreakdownRows } from "../board/BreakdownTile";
import { useLabels } from "../useFigures";

/** The measure by one dimension, in this period, last one, and the same a year ago. */
export function Division({ measure, by, period, where }: { measure: string; by: string; period: string; where: readonly string[] }) {
  const t = useSay();
  const title = useTitle();
  const { dimension } = useLabels();
  const asked = { path: { measure }, query: { period, where, by, compare: ["previous", "year"], limit: 500 } };
  const query = useGet("/v1/kpis/{measure}", asked, { keep: true });
  const name = t("results.by", { name: title(query.data?.title, measure), by: dimension(by).toLocaleLowerCase() });
  return (
    <section className="card" aria-label={name}>
      <header className="card-head"><h2>{name}</h2><span className="no-print"><Csv template="/v1/kpis/{measure}" asked={asked} name={`${measure}-${by}-${period}`} /></span></header>
      <Answered query={query} loading={<Loading rows={4} />}>{(found) => <BreakdownRows tile={found} where={where} />}</Answered>
    </section>
  );
}
