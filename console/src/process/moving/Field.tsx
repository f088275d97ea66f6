import { useId } from "react";
import { exponent, majorUnits, minorUnits, type Money } from "@/format/numbers";
import type { FieldForm } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";

interface Props { form: FieldForm; value: unknown; fault?: string; onChange: (value: unknown) => void; currency: string }

/** One field of a step's form, by its type. Text that is no amount yet stays text, and is refused with words. */
export function Field({ form, value, fault, onChange, currency }: Props) {
  const id = useId();
  const title = useTitle();
  const label = title(form.label, form.name);
  const aria = { "aria-invalid": fault ? true : undefined, "aria-describedby": fault ? `${id}-fault` : undefined, "aria-required": form.required } as const;
  const fields = form.type === "choices" || form.type === "boolean";
  return (
    <div className="field" role={fields ? "group" : undefined} aria-labelledby={fields ? `${id}-label` : undefined}>
      {fields ? <span className="label" id={`${id}-label`}>{label}</span> : <label htmlFor={id}>{label}</label>}
      <Input {...{ id, form, value, onChange, currency, aria }} />
      {fault && <p className="fault" id={`${id}-fault`}>{fault}</p>}
    </div>
  );
}

interface InputProps extends Omit<Props, "fault"> { id: string; aria: Record<string, unknown> }

function Input({ id, form, value, onChange, currency, aria }: InputProps) {
  const t = useSay();
  const title = useTitle();
  const text = (shown: string, type: string, more: Record<string, unknown> = {}) => (
    <input id={id} className="input" type={type} value={shown} onChange={(e) => onChange(e.target.value === "" ? null : e.target.value)} {...aria} {...more} />
  );
  switch (form.type) {
    case "money":
      return <MoneyInput {...{ id, value, onChange, currency, aria }} />;
    case "date":
      return text(typeof value === "string" ? value : "", "date");
    case "integer":
    case "number":
      return (
        <input id={id} className="input" type="number" step={form.type === "integer" ? 1 : "any"} value={typeof value === "number" ? value : ""}
          onChange={(e) => onChange(e.target.value === "" ? null : Number(e.target.value))} {...aria} />
      );
    case "choice":
      return (
        <select id={id} className="input" value={typeof value === "string" ? value : ""} onChange={(e) => onChange(e.target.value || null)} {...aria}>
          <option value="">{t("move.choose")}</option>
          {(form.options ?? []).map((o) => <option key={o.name} value={o.name}>{title(o.title, o.name)}</option>)}
        </select>
      );
    case "choices": {
      const chosen = Array.isArray(value) ? (value as string[]) : [];
      return (
        <div>{(form.options ?? []).map((o) => (
          <label className="check" key={o.name}>
            <input type="checkbox" checked={chosen.includes(o.name)}
              onChange={(e) => onChange(e.target.checked ? [...chosen, o.name] : chosen.filter((c) => c !== o.name))} />
            {title(o.title, o.name)}
          </label>
        ))}</div>
      );
    }
    case "boolean":
      return <label className="check"><input type="checkbox" checked={value === true} onChange={(e) => onChange(e.target.checked)} />{title(form.label, form.name)}</label>;
    default:
      return text(typeof value === "string" ? value : "", "text", { maxLength: 2000 });
  }
}

function asMoney(value: unknown): Money | null {
  return typeof value === "object" && value !== null && "amount_minor" in value ? (value as Money) : null;
}

/** Major units are typed, minor units are kept; what is no amount is kept as it was typed. */
function MoneyInput({ id, value, onChange, currency, aria }: Omit<InputProps, "form">) {
  const t = useSay();
  const money = asMoney(value);
  const code = money?.currency ?? currency;
  const typed = typeof value === "string" ? value : money ? majorUnits(money).toFixed(exponent(code)).replace(/\.0+$/, "") : "";
  const change = (text: string, inCurrency: string): void => {
    const minor = minorUnits(text, inCurrency);
    onChange(text === "" ? null : minor === null || text.endsWith(".") ? text : { amount_minor: minor, currency: inCurrency });
  };
  return (
    <div className="row" style={{ flexWrap: "nowrap" }}>
      <input id={id} className="input grow" inputMode="decimal" value={typed} onChange={(e) => change(e.target.value, code)} {...aria} />
      <input className="input" style={{ width: "4.5rem" }} aria-label={t("move.currency")} value={code} maxLength={3} readOnly={money === null && !typed}
        onChange={(e) => change(typed, e.target.value.toUpperCase())} />
    </div>
  );
}
