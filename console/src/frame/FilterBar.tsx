import { FilterX } from "lucide-react";
import type { ReactNode } from "react";
import { useLabels, useLines } from "@/api/names";
import { PRESETS, presetPeriod, today } from "@/format/periods";
import { useSay } from "@/i18n";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/small";
import { type FilterName, FILTERS, useFilters, useSetWords } from "./filters";

/** The filters that this page can use. What is chosen stays in the address, here and on every other page. */
export function FilterBar({ use = FILTERS, children }: { use?: readonly FilterName[]; children?: ReactNode }) {
  const t = useSay();
  const filters = useFilters();
  const set = useSetWords();
  const any = use.some((name) => filters[name]);
  return (
    <div className="filters no-print" role="group" aria-label={t("filter.label")}>
      {use.map((name) => <OneFilter key={name} name={name} value={filters[name]} onChoose={(value) => set({ [name]: value })} />)}
      {children}
      {any && (
        <Button look="quiet" small icon={<FilterX className="icon" aria-hidden />} onClick={() => set(Object.fromEntries(use.map((n) => [n, undefined])))}>
          {t("filter.clear")}
        </Button>
      )}
    </div>
  );
}

interface OneProps { name: FilterName; value?: string; onChoose: (value: string) => void }

function OneFilter({ name, value, onChoose }: OneProps) {
  if (name === "line") return <LineFilter {...{ name, value, onChoose }} />;
  if (name === "period") return <PeriodFilter {...{ name, value, onChoose }} />;
  return <LabelFilter {...{ name, value, onChoose }} />;
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

/** The presets, resolved to the period's own name, so that a shared address means the same next month. */
export function PeriodFilter({ value, onChoose }: OneProps) {
  const t = useSay();
  const choices = PRESETS.map((preset) => {
    const period = presetPeriod(preset, today());
    return { value: period, label: `${t(`period.${preset}`)} (${period})` };
  });
  return <Select label={t("filter.period")} all={t("filter.period")} choices={choices} value={value} onChoose={onChoose} />;
}
