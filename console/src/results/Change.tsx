import { ArrowDown, ArrowRight, ArrowUp, Minus } from "lucide-react";
import type { Comparison } from "@/api/shapes";
import { useSay } from "@/i18n";
import { directionOf, toneOf, wantedOf } from "./figures";
import { useFigureText } from "./useFigures";

const ICONS = { up: ArrowUp, down: ArrowDown, same: ArrowRight, unknown: Minus };

interface Props { how: string; comparison: Comparison | undefined; measure: string; unit: string; currency: string | null; brief?: boolean }

/** 同比 and 环比: an arrow, a signed share and, unless `brief`, with what it was compared. The colour only adds to it. */
export function Change({ how, comparison, measure, unit, currency, brief = false }: Props) {
  const t = useSay();
  const text = useFigureText();
  if (!comparison) return null;
  const direction = directionOf(comparison);
  const Icon = ICONS[direction];
  const name = t(how === "year" ? "results.compare.year.long" : "results.compare.previous.long");
  const base = comparison.value === null ? null : text.plain(unit, comparison.value, currency, { compact: true });
  return (
    <span className="change" data-tone={toneOf(direction, wantedOf(measure))} title={base ? `${name}: ${base}` : name}>
      <Icon className="icon" aria-hidden />
      <span className="visually-hidden">{t(`results.direction.${direction}`)} </span>
      {brief && comparison.change === null ? <span className="visually-hidden">{text.growth(unit, comparison, currency)}</span> : <strong>{text.growth(unit, comparison, currency)}</strong>}
      {!brief && <span className="muted">{base ? t("results.compare.base", { name, base }) : name}</span>}
    </span>
  );
}
