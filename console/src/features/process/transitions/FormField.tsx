import { useId } from "react";
import type { TransitionField } from "@/shared/api/types";
import { exponent, type Money, majorUnits, minorUnits } from "@/shared/format/numbers";
import { useTitle, useTranslate } from "@/shared/i18n";

interface Props {
  field: TransitionField;
  value: unknown;
  error?: string;
  onChange: (value: unknown) => void;
  currency: string;
}

/** A field of a transition's form, by its type. */
export function FormField({ field, value, error, onChange, currency }: Props) {
  const id = useId();
  const title = useTitle();
  const label = title(field.label, field.name);
  const aria = {
    "aria-invalid": error ? true : undefined,
    "aria-describedby": error ? `${id}-error` : undefined,
    "aria-required": field.required,
  } as const;
  const isGroup = field.type === "choices" || field.type === "boolean";
  return (
    <div className="field" {...(isGroup ? { role: "group", "aria-labelledby": `${id}-label` } : {})}>
      {isGroup ? (
        <span className="label" id={`${id}-label`}>
          {label}
        </span>
      ) : (
        <label htmlFor={id}>{label}</label>
      )}
      <Input {...{ id, field, value, onChange, currency, aria }} />
      {error && (
        <p className="fault" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

interface InputProps extends Omit<Props, "error"> {
  id: string;
  aria: Record<string, unknown>;
}

function Input({ id, field, value, onChange, currency, aria }: InputProps) {
  const t = useTranslate();
  const title = useTitle();
  const input = (type: string, attributes: Record<string, unknown> = {}) => (
    <input
      id={id}
      className="input"
      type={type}
      value={typeof value === "string" ? value : ""}
      onChange={(e) => onChange(e.target.value === "" ? null : e.target.value)}
      {...aria}
      {...attributes}
    />
  );
  switch (field.type) {
    case "money":
      return <MoneyInput {...{ id, value, onChange, currency, aria }} />;
    case "date":
      return input("date");
    case "integer":
    case "number":
      return (
        <input
          id={id}
          className="input"
          type="number"
          step={field.type === "integer" ? 1 : "any"}
          value={typeof value === "number" ? value : ""}
          onChange={(e) => onChange(e.target.value === "" ? null : Number(e.target.value))}
          {...aria}
        />
      );
    case "choice":
      return (
        <select
          id={id}
          className="input"
          value={typeof value === "string" ? value : ""}
          onChange={(e) => onChange(e.target.value || null)}
          {...aria}
        >
          <option value="">{t("transition.choose")}</option>
          {(field.options ?? []).map((option) => (
            <option key={option.name} value={option.name}>
              {title(option.title, option.name)}
            </option>
          ))}
        </select>
      );
    case "choices": {
      const selected: unknown[] = Array.isArray(value) ? value : [];
      return (
        <div>
          {(field.options ?? []).map((option) => (
            <label className="check" key={option.name}>
              <input
                type="checkbox"
                checked={selected.includes(option.name)}
                onChange={(e) =>
                  onChange(
                    e.target.checked ? [...selected, option.name] : selected.filter((name) => name !== option.name),
                  )
                }
              />
              {title(option.title, option.name)}
            </label>
          ))}
        </div>
      );
    }
    case "boolean":
      return (
        <label className="check">
          <input type="checkbox" checked={value === true} onChange={(e) => onChange(e.target.checked)} />
          {title(field.label, field.name)}
        </label>
      );
    default:
      return input("text", { maxLength: 2000 });
  }
}

function parseMoney(value: unknown): Money | null {
  return typeof value === "object" && value !== null && "amount_minor" in value ? (value as Money) : null;
}

/** Shows major units, stores minor units. Text that is not an amount is stored as text, which the form rejects. */
function MoneyInput({ id, value, onChange, currency, aria }: Omit<InputProps, "field">) {
  const t = useTranslate();
  const money = parseMoney(value);
  const code = money?.currency ?? currency;
  const shown =
    typeof value === "string" ? value : money ? majorUnits(money).toFixed(exponent(code)).replace(/\.0+$/, "") : "";
  const change = (text: string, currencyCode: string): void => {
    const minor = minorUnits(text, currencyCode);
    onChange(
      text === ""
        ? null
        : minor === null || text.endsWith(".")
          ? text
          : { amount_minor: minor, currency: currencyCode },
    );
  };
  return (
    <div className="row" style={{ flexWrap: "nowrap" }}>
      <input
        id={id}
        className="input grow"
        inputMode="decimal"
        value={shown}
        onChange={(e) => change(e.target.value, code)}
        {...aria}
      />
      <input
        className="input"
        style={{ width: "4.5rem" }}
        aria-label={t("dimension.currency")}
        value={code}
        maxLength={3}
        readOnly={money === null && !shown}
        onChange={(e) => change(shown, e.target.value.toUpperCase())}
      />
    </div>
  );
}
