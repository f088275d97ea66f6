import { Link } from "@tanstack/react-router";
import { useGet } from "@/shared/api/queries";
import type { Tile } from "@/shared/api/types";
import { currencyOf, distinctCurrencies, lastTwelveMonths } from "@/shared/format/figures";
import { useTitle, useTranslate } from "@/shared/i18n";
import { MeasureInfoButton } from "@/shared/ui/MeasureInfo";
import { LoadingState, QueryView } from "@/shared/ui/queryStates";
import { isGrain } from "../measure/trendRange";
import { TrendColumns } from "./TrendColumns";

/** The twelve months up to the end of the period, each beside that of a year ago; one chart for each currency. */
export function TrendTile({ tile, where }: { tile: Tile; where: readonly string[] }) {
  const t = useTranslate();
  const title = useTitle();
  const to = tile.rows.at(-1)?.to;
  const query = useGet(
    "/v1/kpis/{measure}",
    {
      path: { measure: tile.measure },
      query: { ...(to ? lastTwelveMonths(to) : {}), grain: tile.grain, where, compare: "year", limit: 500 },
    },
    { keepPrevious: true },
  );
  const name = title(tile.title, tile.measure);
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2 className="clip">
          <Link
            to="/results/measures/$measure"
            params={{ measure: tile.measure }}
            search={isGrain(tile.grain) ? { grain: tile.grain } : {}}
          >
            {name}
          </Link>
        </h2>
        <MeasureInfoButton measure={tile} />
      </header>
      <QueryView query={query} loading={<LoadingState rows={4} height="2.5rem" />}>
        {({ rows, unit }) =>
          rows.some((row) => row.value) ? (
            <div className="card-body stack">
              {distinctCurrencies(rows).map((currency) => (
                <TrendColumns
                  key={currency}
                  name={name}
                  unit={unit}
                  currency={currency}
                  rows={rows.filter((row) => currencyOf(row) === currency)}
                />
              ))}
            </div>
          ) : (
            <p className="card-body muted">{t("results.empty")}</p>
          )
        }
      </QueryView>
    </section>
  );
}
