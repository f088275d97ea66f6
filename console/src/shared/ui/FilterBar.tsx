import { FilterX } from "lucide-react";
import type { ReactNode } from "react";
import { useBusinessLines, useDimensionValues, useRepName } from "@/shared/api/organisation";
import { useFormat } from "@/shared/format";
import { earlierPeriods, PRESETS, presetPeriod, today } from "@/shared/format/periods";
import { useTranslate } from "@/shared/i18n";
import { FILTERS, type FilterName, useFilters, useSetFilters } from "@/shared/routing/rootRoute";
import { Button } from "./Button";
import { Select } from "./Select";

/** What a page shows while no period is selected. */
type DefaultPeriod = "month_to_date" | "all_time";

interface Props {
  /** The filters that apply to the page. */
  use?: readonly FilterName[];
  defaultPeriod?: DefaultPeriod;
  /** Further controls of the page. */
  children?: ReactNode;
}

/** The filters of a page. They are part of the address and stay when the user moves to another page. */
export function FilterBar({ use = FILTERS, defaultPeriod = "month_to_date", children }: Props) {
  const t = useTranslate();
  const filters = useFilters();
  const setFilters = useSetFilters();
  const clear = (): void => setFilters(Object.fromEntries(use.map((name) => [name, undefined])));
  return (
    <div className="filters no-print" role="group" aria-label={t("filter.label")}>
      {use.map((name) => (
        <Filter
          key={name}
          name={name}
          defaultPeriod={defaultPeriod}
          value={filters[name]}
          onChange={(value) => setFilters({ [name]: value })}
        />
      ))}
      {children}
      {use.some((name) => filters[name]) && (
        <Button variant="quiet" small icon={<FilterX className="icon" aria-hidden />} onClick={clear}>
          {t("filter.clear")}
        </Button>
      )}
    </div>
  );
}

interface FilterProps {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

function Filter({ name, defaultPeriod, ...props }: FilterProps & { name: FilterName; defaultPeriod: DefaultPeriod }) {
  if (name === "line") return <LineFilter {...props} />;
  if (name === "period") return <PeriodFilter defaultPeriod={defaultPeriod} {...props} />;
  return <DimensionFilter dimension={name} {...props} />;
}

function LineFilter({ value, onChange }: FilterProps) {
  const t = useTranslate();
  return (
    <Select
      label={t("filter.line")}
      emptyLabel={t("filter.all.line")}
      options={useBusinessLines()}
      value={value}
      onChange={onChange}
    />
  );
}

function DimensionFilter({ dimension, value, onChange }: FilterProps & { dimension: "region" | "team" | "rep" }) {
  const t = useTranslate();
  const repName = useRepName();
  return (
    <Select
      label={t(`filter.${dimension}`)}
      emptyLabel={t(`filter.all.${dimension}`)}
      options={useDimensionValues(dimension)}
      value={value}
      valueLabel={dimension === "rep" ? repName(value) : value}
      onChange={onChange}
    />
  );
}

/** A preset is stored as its period, so that a shared address means the same next month. */
function PeriodFilter({ defaultPeriod, value, onChange }: FilterProps & { defaultPeriod: DefaultPeriod }) {
  const t = useTranslate();
  const format = useFormat();
  const named = (periods: string[]) => periods.map((period) => ({ value: period, label: format.period(period) }));
  const presets = PRESETS.map((preset) => {
    const period = presetPeriod(preset, today());
    return { value: period, label: `${t(`period.${preset}`)} · ${format.period(period, "short")}` };
  });
  const { months, quarters, years } = earlierPeriods(today());
  return (
    <Select
      label={t("filter.period")}
      emptyLabel={t(`period.default.${defaultPeriod}`)}
      options={presets}
      value={value}
      onChange={onChange}
      groups={[
        { label: t("period.months"), options: named(months) },
        { label: t("period.quarters"), options: named(quarters) },
        { label: t("period.years"), options: named(years) },
      ]}
    />
  );
}
