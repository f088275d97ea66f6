import { type CSSProperties, useState } from "react";
import type { MatrixCell, Segments } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";

const MARKS = [1, 2, 3, 4, 5];

/** How much of the accent a cell has: never so much in between that neither dark nor light figures can be read on it. */
export function shade(part: number): { share: number; deep: boolean } {
  const deep = part > TURN;
  return { deep, share: Math.round(deep ? DEEP + ((part - TURN) / (1 - TURN)) * (100 - DEEP) : (part / TURN) * PALE) };
}
const TURN = 0.62, PALE = 42, DEEP = 86;

/** Customers by recency (down) and frequency with money (across); the darker, the more. The figures are in the cells. */
export function Matrix({ cells, cutoffs }: { cells: MatrixCell[]; cutoffs?: Segments["cutoffs"] }) {
  const t = useSay();
  const format = useFormat();
  const [by, setBy] = useState<"customers" | "money">("customers");
  const value = (c: MatrixCell | undefined): number => (c ? (by === "customers" ? c.customers : c.monetary_minor) : 0);
  const most = Math.max(1, ...cells.map(value));
  const total = cells.reduce((n, c) => n + value(c), 0) || 1;
  const at = (r: number, fm: number): MatrixCell | undefined => cells.find((c) => c.r === r && c.fm === fm);
  return (
    <div className="card-body stack">
      <div className="segmented" role="group" aria-label={t("segments.matrix.by")} style={{ alignSelf: "flex-start" }}>
        {(["customers", "money"] as const).map((b) => <button key={b} type="button" aria-pressed={b === by} onClick={() => setBy(b)}>{t(`segments.matrix.${b}`)}</button>)}
      </div>
      <table className="matrix">
        <caption className="visually-hidden">{t("segments.matrix.caption")}</caption>
        <thead><tr><th scope="col" className="matrix-corner">↓ {t("segments.r")}<br />→ {t("segments.fm")}</th>{MARKS.map((fm) => <th key={fm} scope="col">{fm}</th>)}</tr></thead>
        <tbody>
          {[...MARKS].reverse().map((r) => (
            <tr key={r}>
              <th scope="row">{r}</th>
              {MARKS.map((fm) => {
                const held = value(at(r, fm));
                const { share, deep } = shade(Math.sqrt(held / most));
                return (
                  <td key={fm} data-deep={deep || undefined} style={{ "--share": `${share}%` } as CSSProperties}>
                    {by === "customers" ? format.number(held) : format.ratio(held / total)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {cutoffs && <p className="muted small">{t("segments.cutoffs", { recency: [...cutoffs.recency_days].join(" · "), frequency: cutoffs.frequency.join(" · ") })}</p>}
    </div>
  );
}
