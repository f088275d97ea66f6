export interface SelectOption<T extends string> {
  value: T;
  label: string;
}

interface Props<T extends string> {
  /** The accessible name. */
  label: string;
  options: readonly SelectOption<T>[];
  /** Further options under headings. */
  groups?: readonly { label: string; options: readonly SelectOption<T>[] }[];
  /** The label of the empty option; without it there is none. */
  emptyLabel?: string;
  value: T | undefined;
  /** The label of a value that is not among the options; by default the value itself. */
  valueLabel?: string;
  onChange: (value: T | undefined) => void;
}

/** The browser's own select. A value that is not among the options is listed, too. */
export function Select<T extends string>({
  label,
  options,
  groups = [],
  emptyLabel,
  value,
  valueLabel = value,
  onChange,
}: Props<T>) {
  const all = [...options, ...groups.flatMap((group) => group.options)];
  const listed = value === undefined || all.some((option) => option.value === value);
  return (
    <select
      className={value && emptyLabel !== undefined ? "input chosen" : "input"}
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChange(all.find((option) => option.value === event.target.value)?.value)}
    >
      {emptyLabel !== undefined && <option value="">{emptyLabel}</option>}
      {!listed && <option value={value}>{valueLabel}</option>}
      <Options options={options} />
      {groups.map((group) => (
        <optgroup key={group.label} label={group.label}>
          <Options options={group.options} />
        </optgroup>
      ))}
    </select>
  );
}

function Options({ options }: { options: readonly SelectOption<string>[] }) {
  return options.map((option) => (
    <option key={option.value} value={option.value}>
      {option.label}
    </option>
  ));
}
