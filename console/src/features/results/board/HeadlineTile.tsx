import { Link } from "@tanstack/react-router";
import type { FigureRow, Tile } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { currencyOf, rowKey } from "@/shared/format/figures";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Attainment } from "@/shared/ui/Attainment";
import { MeasureInfoButton } from "@/shared/ui/MeasureInfo";
import { useHighlight } from "@/shared/ui/useHighlight";
import { COMPARISONS, ComparisonText } from "../ComparisonText";
import { RecordsLink } from "../RecordsLink";

/** A figure in large type, one for each currency, with its target, its comparisons and its records. */
export function HeadlineTile({ tile, where }: { tile: Tile; where: readonly string[] }) {
  const t = useTranslate();
  const title = useTitle();
  const name = title(tile.title, tile.measure);
  return (
    <section className="card headline" aria-label={name}>
      <header className="row">
        <h2 className="grow clip">
          <Link to="/results/measures/$measure" params={{ measure: tile.measure }}>
            {name}
          </Link>
        </h2>
        <MeasureInfoButton measure={tile} />
      </header>
      {tile.reason === "beyond_scope" ? (
        <p className="muted">{t("results.outOfScope")}</p>
      ) : (
        tile.rows.map((row) => <Figure key={rowKey(row)} tile={tile} row={row} where={where} />)
      )}
    </section>
  );
}

function Figure({ tile, row, where }: { tile: Tile; row: FigureRow; where: readonly string[] }) {
  const t = useTranslate();
  const format = useFormat();
  const figureFormat = useFigureFormat();
  const currency = currencyOf(row);
  const highlighted = useHighlight(row.value, `${tile.measure} ${rowKey(row)} ${where.join()}`);
  return (
    <div className="headline-figure">
      <p className={highlighted ? "headline-value changed" : "headline-value"}>
        {figureFormat.value(tile.unit, row, true)}
        {typeof row.margin === "number" && row.value !== null && (
          <span className="headline-margin muted"> ± {format.number(row.margin)}</span>
        )}
      </p>
      {row.value === null && <p className="muted small">{t("results.noValue")}</p>}
      <div className="stack-tight">
        {row.target !== undefined && (
          <Attainment
            measure={tile}
            attainment={row.attainment}
            pace={row.pace}
            target={figureFormat.plain(tile.unit, row.target, currency, { compact: true })}
          />
        )}
        {COMPARISONS.map((kind) => (
          <ComparisonText
            key={kind}
            kind={kind}
            comparison={row.comparisons?.[kind]}
            measure={tile}
            currency={currency}
          />
        ))}
        <RecordsLink measure={tile} row={row} where={where} />
      </div>
    </div>
  );
}
