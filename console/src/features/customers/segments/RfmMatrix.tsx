import { type CSSProperties, useState } from "react";
import type { MatrixCell, Segments } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";

const SCORES = [1, 2, 3, 4, 5];
const VIEWS = ["customers", "money"] as const;
type View = (typeof VIEWS)[number];

/** In per cent of the accent colour. Between pale and dark neither dark nor light text would be readable. */
const MAX_PALE = 42;
const MIN_DARK = 86;
const DARK_FROM = 0.62;

/** The background of a cell, for a value between 0 and 1. */
export function shade(value: number): { percent: number; dark: boolean } {
  if (value <= DARK_FROM) return { dark: false, percent: Math.round((value / DARK_FROM) * MAX_PALE) };
  const rest = (value - DARK_FROM) / (1 - DARK_FROM);
  return { dark: true, percent: Math.round(MIN_DARK + rest * (100 - MIN_DARK)) };
}

/** Customers by recency (rows) and by frequency and amount (columns), as a heat map. */
export function RfmMatrix({ cells, cutoffs }: { cells: MatrixCell[]; cutoffs?: Segments["cutoffs"] }) {
  const t = useTranslate();
  const format = useFormat();
  const [view, setView] = useState<View>("customers");
  const cellValue = (cell: MatrixCell): number => (view === "customers" ? cell.customers : cell.monetary_minor);
  const maximum = Math.max(1, ...cells.map(cellValue));
  const total = cells.reduce((sum, cell) => sum + cellValue(cell), 0) || 1;
  const values = new Map(cells.map((cell) => [`${cell.r} ${cell.fm}`, cellValue(cell)]));
  return (
    <div className="card-body stack">
      <div
        className="segmented"
        role="group"
        aria-label={t("segments.matrix.view")}
        style={{ alignSelf: "flex-start" }}
      >
        {VIEWS.map((one) => (
          <button key={one} type="button" aria-pressed={one === view} onClick={() => setView(one)}>
            {t(`segments.matrix.${one}`)}
          </button>
        ))}
      </div>
      <table className="matrix">
        <caption className="visually-hidden">{t("segments.matrix.caption")}</caption>
        <thead>
          <tr>
            <th scope="col" className="matrix-corner">
              ↓ {t("segments.recency")}
              <br />→ {t("segments.frequencyMonetary")}
            </th>
            {SCORES.map((fm) => (
              <th key={fm} scope="col">
                {fm}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...SCORES].reverse().map((r) => (
            <tr key={r}>
              <th scope="row">{r}</th>
              {SCORES.map((fm) => {
                const value = values.get(`${r} ${fm}`) ?? 0;
                const { percent, dark } = shade(Math.sqrt(value / maximum));
                return (
                  <td key={fm} data-dark={dark || undefined} style={{ "--shade": `${percent}%` } as CSSProperties}>
                    {view === "customers" ? format.number(value) : format.ratio(value / total)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {cutoffs && (
        <p className="muted small">
          {t("segments.cutoffs", {
            recency: cutoffs.recency_days.join(" · "),
            frequency: cutoffs.frequency.join(" · "),
          })}
        </p>
      )}
    </div>
  );
}
