import { ArrowDown, ArrowRight, ArrowUp, Minus } from "lucide-react";
import type { Comparison, Figures } from "@/shared/api/types";
import { directionOf, toneOf } from "@/shared/format/figures";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTranslate } from "@/shared/i18n";

const ICONS = { up: ArrowUp, down: ArrowDown, same: ArrowRight, unknown: Minus };

/** The comparisons of a figure: with the previous period (环比) and with the same period a year ago (同比). */
export const COMPARISONS = ["previous", "year"] as const;
export type ComparisonKind = (typeof COMPARISONS)[number];

interface Props {
  kind: ComparisonKind;
  comparison: Comparison | undefined;
  measure: Pick<Figures, "unit" | "better">;
  currency: string | null;
  /** Without the value of the base. */
  brief?: boolean;
}

/** A change as an arrow with its size. The colour shows whether it is an improvement, in addition to arrow and sign. */
export function ComparisonText({ kind, comparison, measure, currency, brief = false }: Props) {
  const t = useTranslate();
  const format = useFigureFormat();
  if (!comparison) return null;
  const { unit, better } = measure;
  const direction = directionOf(comparison);
  const Icon = ICONS[direction];
  const name = t(`results.compare.${kind}`);
  const base = comparison.value === null ? null : format.plain(unit, comparison.value, currency, { compact: true });
  const growth = format.growth(unit, comparison, currency);
  return (
    <span className="change" data-tone={toneOf(direction, better)} title={base ? `${name}: ${base}` : name}>
      <Icon className="icon" aria-hidden />
      <span className="visually-hidden">{t(`results.direction.${direction}`)} </span>
      {brief && comparison.change === null ? (
        <span className="visually-hidden">{growth}</span>
      ) : (
        <strong>{growth}</strong>
      )}
      {!brief && <span className="muted">{base ? t("results.compare.base", { name, base }) : name}</span>}
    </span>
  );
}
