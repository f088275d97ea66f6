import { useState } from "react";
import { useDimensionLabels } from "@/shared/api/dimensionLabels";
import { useGet } from "@/shared/api/queries";
import type { Tile } from "@/shared/api/types";
import { presetPeriod, today } from "@/shared/format/periods";
import { useTitle, useTranslate } from "@/shared/i18n";
import { MeasureInfoButton } from "@/shared/ui/MeasureInfo";
import { ErrorState, LoadingState } from "@/shared/ui/queryStates";
import { BreakdownTable } from "../BreakdownTable";
import { COMPARISONS } from "../ComparisonText";

const ORGANISATION = ["region", "team", "rep", "business_line"];

interface Props {
  tile: Tile;
  where: readonly string[];
  period: string | undefined;
}

/** A figure by a dimension. Where that is one of the organisation, the user can switch to another one of them. */
export function BreakdownTile({ tile, where, period }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const { dimension } = useDimensionLabels();
  const [initial = "", ...others] = tile.by;
  const options =
    others.length === 0 && ORGANISATION.includes(initial)
      ? ORGANISATION.filter((name) => tile.dimensions.includes(name))
      : [];
  const [by, setBy] = useState(initial);
  const isInitial = by === initial;
  const query = useGet(
    "/v1/kpis/{measure}",
    {
      path: { measure: tile.measure },
      query: {
        period: tile.rows[0]?.period ?? period ?? presetPeriod("this_month", today()),
        where,
        by,
        compare: COMPARISONS,
        limit: 500,
      },
    },
    { enabled: !isInitial, keepPrevious: true },
  );
  const other = query.data?.by[0] === by ? query.data : undefined;
  const shown = isInitial ? tile : other;
  const name = title(tile.title, tile.measure);
  const heading = isInitial
    ? name
    : t("results.breakdown", {
        name: title(query.data?.title, tile.measure),
        dimension: dimension(by).toLocaleLowerCase(),
      });
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2 className="clip">{heading}</h2>
        {options.length > 1 && (
          <div className="segmented small no-print" role="group" aria-label={t("results.splitBy")}>
            {options.map((option) => (
              <button key={option} type="button" aria-pressed={option === by} onClick={() => setBy(option)}>
                {dimension(option)}
              </button>
            ))}
          </div>
        )}
        <MeasureInfoButton measure={tile} />
      </header>
      {shown ? (
        <BreakdownTable tile={shown} where={where} />
      ) : query.isError ? (
        <ErrorState error={query.error} />
      ) : (
        <LoadingState rows={4} />
      )}
    </section>
  );
}
