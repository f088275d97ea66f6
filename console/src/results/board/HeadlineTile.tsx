import { Link } from "@tanstack/react-router";
import type { Tile, FigureRow } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { useChanged } from "@/ui/useChanged";
import { About } from "../About";
import { Attainment } from "../Attainment";
import { Change } from "../Change";
import { currencyOf, keyOf } from "../figures";
import { useFigureText } from "../useFigures";
import { Behind } from "./Behind";

/** One figure, large, in each currency of its own; with what it is compared, what it should be, and what it is made of. */
export function HeadlineTile({ tile, where }: { tile: Tile; where: readonly string[] }) {
  const t = useSay();
  const title = useTitle();
  const name = title(tile.title, tile.measure);
  return (
    <section className="card headline" aria-label={name}>
      <header className="row">
        <h2 className="grow clip"><Link to="/results/measures/$measure" params={{ measure: tile.measure }}>{name}</Link></h2>
        <About told={tile} />
      </header>
      {tile.reason === "beyond_scope" ? <p className="muted">{t("results.beyond")}</p>
        : tile.rows.map((row) => <Figure key={keyOf(row)} tile={tile} row={row} where={where} />)}
    </section>
  );
}

function Figure({ tile, row, where }: { tile: Tile; row: FigureRow; where: readonly string[] }) {
  const t = useSay();
  const format = useFormat();
  const text = useFigureText();
  const currency = currencyOf(row);
  const changed = useChanged(row.value, `${tile.measure} ${keyOf(row)} ${where.join()}`);
  const margin = typeof row.margin === "number" ? row.margin : null;
  return (
    <div className="headline-figure">
      <p className={changed ? "headline-value changed" : "headline-value"}>
        {text.value(tile.unit, row, true)}
        {margin !== null && row.value !== null && <span className="headline-margin muted"> ± {format.number(margin)}</span>}
      </p>
      {row.value === null && <p className="muted small">{t("results.noFigure")}</p>}
      <div className="stack-tight">
        {row.target !== undefined && <Attainment measure={tile.measure} additive={tile.additive} attainment={row.attainment} pace={row.pace} target={text.plain(tile.unit, row.target, currency, { compact: true })} />}
        {["previous", "year"].map((how) => <Change key={how} how={how} comparison={row.comparisons?.[how]} measure={tile.measure} unit={tile.unit} currency={currency} />)}
        <Behind tile={tile} row={row} where={where} />
      </div>
    </div>
  );
}
