import { TriangleAlert } from "lucide-react";
import { type FormEvent, useState } from "react";
import { call } from "@/api/client";
import { goneStale } from "@/api/hooks";
import { useLabels as useChoices, useLines } from "@/api/names";
import { Problem } from "@/api/problem";
import type { Measure, Target } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Select } from "@/ui/small";
import { useLabels } from "../results/useFigures";
import { useScopeName } from "./TargetTable";
import { shownValue, typedValue } from "./value";

const SCOPES = ["business_line", "region", "team", "rep"] as const;
const FIRST = "revenue";

interface Props { period: string; measures: Measure[]; target: Target | null; onClose: () => void }

/** A new target, or another value for one that stands. What the API refuses is said beside the field that it names. */
export function SetDialog({ period, measures, target, onClose }: Props) {
  const t = useSay();
  const title = useTitle();
  const scopeName = useScopeName();
  const [measure, setMeasure] = useState(target?.measure ?? (measures.find((m) => m.measure === FIRST) ?? measures[0])?.measure ?? "");
  const [scope, setScope] = useState<Record<string, string>>(target?.scope ?? {});
  const [currency, setCurrency] = useState(target?.currency ?? "EUR");
  const told = measures.find((m) => m.measure === measure);
  const unit = told?.unit ?? "count";
  const money = told?.dimensions.includes("currency") ?? false;
  const [text, setText] = useState(target ? shownValue(target.value, unit, target.currency) : "");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const value = typedValue(text, unit, money ? currency : null);
    if (value === null) return setFault(t("targets.badValue"));
    setBusy(true);
    try {
      await call("PUT", "/v1/targets/{period}", {
        path: { period }, body: [{ measure, scope, value, rev: target?.rev ?? 0, ...(money ? { currency } : {}) }], headers: { "idempotency-key": crypto.randomUUID() },
      });
      await goneStale("/v1/targets", "/v1/boards", "/v1/kpis");
      announce(t("targets.done", { measure: title(told?.title, measure), scope: scopeName(scope) }));
      onClose();
    } catch (error) {
      if (error instanceof Problem && error.status === 412) await goneStale("/v1/targets");
      setFault(error instanceof Problem && error.status === 412 ? t(target ? "targets.stale" : "targets.exists") : error instanceof Problem ? firstFault(error) : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open onClose={onClose} title={t(target ? "targets.change.title" : "targets.set")} about={`${period}${target ? ` · ${title(told?.title, measure)} · ${scopeName(scope)}` : ""}`}
      foot={<><Button onClick={onClose}>{t("action.cancel")}</Button><Button look="primary" type="submit" form="set-target" disabled={busy}>{t("action.save")}</Button></>}
    >
      <form id="set-target" className="stack" onSubmit={(event) => void save(event)} noValidate>
        {!target && (
          <>
            <div className="field">
              <span className="label" aria-hidden>{t("results.measure")}</span>
              <Select label={t("results.measure")} value={measure} onChoose={setMeasure} choices={measures.map((m) => ({ value: m.measure, label: title(m.title, m.measure) }))} />
              {told && <span className="hint">{title(told.formula)}</span>}
            </div>
            <ScopeFields measure={told} scope={scope} onChange={setScope} />
          </>
        )}
        <div className="row" style={{ alignItems: "flex-end" }}>
          <div className="field grow">
            <label htmlFor="target-value">{t(unit === "ratio" ? "targets.value.percent" : unit === "days" ? "targets.value.days" : "targets.value")}</label>
            <input id="target-value" className="input" inputMode="decimal" autoComplete="off" value={text} onChange={(e) => setText(e.target.value)} aria-invalid={fault !== null} aria-describedby={fault ? "target-fault" : undefined} required />
          </div>
          {money && <div className="field" style={{ width: "7rem" }}><label htmlFor="target-currency">{t("dimension.currency")}</label>
            <input id="target-currency" className="input" value={currency} maxLength={3} disabled={target !== null} onChange={(e) => setCurrency(e.target.value.toUpperCase())} /></div>}
        </div>
        {fault && <p className="notice bad" id="target-fault" role="alert"><TriangleAlert className="icon" aria-hidden />{fault}</p>}
      </form>
    </Dialog>
  );
}

/** The first fault, with the name of the field that it is about. */
function firstFault(error: Problem): string {
  const fault = error.errors[0];
  const field = fault?.pointer.split("/").at(-1);
  return fault ? [field, fault.message].filter(Boolean).join(": ") : error.message;
}

interface ScopeProps { measure: Measure | undefined; scope: Record<string, string>; onChange: (scope: Record<string, string>) => void }

function ScopeFields({ measure, scope, onChange }: ScopeProps) {
  const t = useSay();
  const { dimension } = useLabels();
  const choices = { business_line: useLines(), region: useChoices("region"), team: useChoices("team"), rep: useChoices("rep") };
  const choose = (name: string, value: string): void => onChange(Object.fromEntries(Object.entries({ ...scope, [name]: value }).filter(([, v]) => v)));
  return (
    <fieldset className="grid targets-scope">
      <legend className="small">{t("targets.scope")}</legend>
      {SCOPES.filter((name) => measure?.dimensions.includes(name)).map((name) => (
        <div className="field" key={name}>
          <span className="label" aria-hidden>{dimension(name)}</span>
          <Select label={dimension(name)} all={t("targets.all")} value={scope[name]} choices={choices[name]} onChoose={(value) => choose(name, value)} />
        </div>
      ))}
    </fieldset>
  );
}
