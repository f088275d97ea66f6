import { useGet } from "@/api/hooks";
import { useSay, useTitle } from "@/i18n";
import { When } from "@/ui/small";
import { Answered } from "@/ui/states";
import { AboutText } from "../About";

/** How the measure comes about: formula, what is counted, in which zone days end, how fresh it is. */
export function Explained({ measure }: { measure: string }) {
  const t = useSay();
  const title = useTitle();
  const query = useGet("/v1/kpis/{measure}/explain", { path: { measure } });
  return (
    <section className="card" aria-labelledby="explained">
      <header className="card-head"><h2 id="explained">{t("results.explained")}</h2></header>
      <Answered query={query}>{(found) => (
        <div className="card-body grid">
          <AboutText told={found} />
          <dl className="facts small">
            <dt>{t("results.fresh")}</dt><dd><When at={found.complete_until} /></dd>
            <dt>{t("results.zone")}</dt><dd>{found.zone}</dd>
            <dt>{t("results.generation")}</dt><dd><code>{found.generation}</code></dd>
            {found.counts.map((c) => <div key={c.measure} className="facts-pair"><dt>{t("results.counts")}</dt><dd><code>{c.definition}</code> {title(c.formula)} <span className="muted">({c.rows.join(", ")})</span></dd></div>)}
          </dl>
        </div>
      )}</Answered>
    </section>
  );
}
