import { FilterX } from "lucide-react";
import type { ReactNode } from "react";
import { useLabels, useLines } from "@/api/names";
import { useFormat } from "@/format";
import { earlier, PRESETS, presetPeriod, today } from "@/format/periods";
import { useSay } from "@/i18n";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/small";
import { type FilterName, FILTERS, useFilters, useSetWords } from "./filters";

/** What a page shows as long as no period is chosen: this month so far, or all that there ever was. */
type Unset = "running" | "ever";
interface Props { use?: readonly FilterName[]; unset?: Unset; children?: ReactNode }

/** The filters that this page can use. What is chosen stays in the address, here and on every other page. */
export function FilterBar({ use = FILTERS, unset = "running", children }: Props) {
  const t = useSay();
  const filters = useFilters();
  const set = useSetWords();
  const any = use.some((name) => filters[name]);
  return (
    <div className="filters no-print" role="group" aria-label={t("filter.label")}>
      {use.map((name) => <OneFilter key={name} name={name} unset={unset} value={filters[name]} onChoose={(value) => set({ [name]: value })} />)}
      {children}
      {any && (
        <Button look="quiet" small icon={<FilterX className="icon" aria-hidden />} onClick={() => set(Object.fromEntries(use.map((n) => [n, undefined])))}>
          {t("filter.clear")}
        </Button>
      )}
    </div>
  );
}

interface OneProps { name: FilterName; unset: Unset; value?: string; onChoose: (value: string) => void }

function OneFilter({ name, unset, value, onChoose }: OneProps) {
  if (name === "line") return <LineFilter {...{ name, unset, value, onChoose }} />;
  if (name === "period") return <PeriodFilter {...{ name, unset, value, onChoose }} />;
  return <LabelFilter {...{ name, unset, value, onChoose }} />;
}

function LineFilter({ value, onChoose }: OneProps) {
  const t = useSay();
  return <Select label={t("filter.line")} all={t("filter.all.line")} choices={useLines()} value={value} onChoose={onChoose} />;
}

function LabelFilter({ name, value, onChoose }: OneProps) {
  const t = useSay();
  const dimension = name as "region" | "team" | "rep";
  return <Select label={t(`filter.${dimension}`)} all={t(`filter.all.${dimension}`)} choices={useLabels(dimension)} value={value} onChoose={onChoose} />;
}

/** The presets and what was before them, each by the period's own name, so that a shared address means the same next month. */
export function PeriodFilter({ value, unset, onChoose }: OneProps) {
  const t = useSay();
  const format = useFormat();
  const named = (periods: string[]) => periods.map((period) => ({ value: period, label: format.period(period) }));
  const presets = PRESETS.map((preset) => {
    const period = presetPeriod(preset, today());
    return { value: period, label: `${t(`period.${preset}`)} · ${format.period(period, "short")}` };
  });
  const { months, quarters, years } = earlier(today());
  return (
    <Select label={t("filter.period")} all={t(`period.unset.${unset}`)} choices={presets} value={value} onChoose={onChoose}
      groups={[
        { label: t("period.months"), choices: named(months) }, { label: t("period.quarters"), choices: named(quarters) },
        { label: t("period.years"), choices: named(years) },
      ]} />
  );
}
