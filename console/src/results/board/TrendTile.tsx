import { Link } from "@tanstack/react-router";
import { useGet } from "@/api/hooks";
import type { Tile } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { Answered, Loading } from "@/ui/states";
import { About } from "../About";
import { currencies, currencyOf, yearTo } from "../figures";
import { Columns } from "./Columns";

/** Twelve months up to the end of the period, each beside the same month a year earlier; one picture per currency. */
export function TrendTile({ tile, where }: { tile: Tile; where: readonly string[] }) {
  const t = useSay();
  const title = useTitle();
  const to = tile.rows.at(-1)?.to;
  const query = useGet("/v1/kpis/{measure}", {
    path: { measure: tile.measure }, query: { ...(to ? yearTo(to) : {}), grain: tile.grain, where, compare: "year", limit: 500 },
  }, { keep: true });
  const name = title(tile.title, tile.measure);
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2 className="clip"><Link to="/results/measures/$measure" params={{ measure: tile.measure }} search={((s: object) => ({ ...s, grain: tile.grain })) as never}>{name}</Link></h2>
        <About told={tile} />
      </header>
      <Answered query={query} loading={<Loading rows={4} height="2.5rem" />}>
        {({ rows, unit }) => (rows.some((r) => r.value) ? (
          <div className="card-body stack">
            {currencies(rows).map((c) => <Columns key={c} name={name} unit={unit} rows={rows.filter((r) => currencyOf(r) === c)} />)}
          </div>
        ) : <p className="card-body muted">{t("results.empty")}</p>)}
      </Answered>
    </section>
  );
}
