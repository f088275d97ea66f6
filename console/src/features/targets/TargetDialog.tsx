import { TriangleAlert } from "lucide-react";
import { type FormEvent, useState } from "react";
import { request } from "@/shared/api/client";
import { useDimensionLabels } from "@/shared/api/dimensionLabels";
import { useBusinessLines, useDimensionValues } from "@/shared/api/organisation";
import { Problem } from "@/shared/api/problem";
import { invalidate } from "@/shared/api/queries";
import type { Measure, Target } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { Select } from "@/shared/ui/Select";
import { useScopeName } from "./scopeName";
import { formatTargetValue, parseTargetValue } from "./targetValue";

const SCOPES = ["business_line", "region", "team", "rep"] as const;
const DEFAULT_MEASURE = "revenue";

interface Props {
  period: string;
  measures: Measure[];
  target: Target | null;
  onClose: () => void;
}

/** Sets a new target, or changes the value of one. */
export function TargetDialog({ period, measures, target, onClose }: Props) {
  const t = useTranslate();
  const format = useFormat();
  const title = useTitle();
  const scopeName = useScopeName();
  const [name, setName] = useState(
    target?.measure ?? (measures.find((m) => m.measure === DEFAULT_MEASURE) ?? measures[0])?.measure ?? "",
  );
  const [scope, setScope] = useState<Record<string, string>>(target?.scope ?? {});
  const [currency, setCurrency] = useState(target?.currency ?? "EUR");
  const measure = measures.find((m) => m.measure === name);
  const unit = measure?.unit ?? "count";
  const money = measure?.dimensions.includes("currency") ?? false;
  const [text, setText] = useState(target ? formatTargetValue(target.value, unit, target.currency) : "");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const value = parseTargetValue(text, unit, money ? currency : null);
    if (value === null) return setError(t("targets.invalidValue"));
    setBusy(true);
    try {
      await request("PUT", "/v1/targets/{period}", {
        path: { period },
        body: [{ measure: name, scope, value, rev: target?.rev ?? 0, ...(money ? { currency } : {}) }],
        headers: { "idempotency-key": crypto.randomUUID() },
      });
      await invalidate("/v1/targets", "/v1/boards", "/v1/kpis");
      announce(t("targets.done", { measure: title(measure?.title, name), scope: scopeName(scope) }));
      onClose();
    } catch (failure) {
      if (failure instanceof Problem && failure.status === 412) await invalidate("/v1/targets");
      setError(
        failure instanceof Problem && failure.status === 412
          ? t(target ? "targets.stale" : "targets.exists")
          : failure instanceof Problem
            ? firstFieldError(failure)
            : String(failure),
      );
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(target ? "targets.edit.title" : "targets.set")}
      description={`${format.period(period)}${target ? ` · ${title(measure?.title, name)} · ${scopeName(scope)}` : ""}`}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button variant="primary" type="submit" form="set-target" disabled={busy}>
            {t("action.save")}
          </Button>
        </>
      }
    >
      <form id="set-target" className="stack" onSubmit={(event) => void save(event)} noValidate>
        {!target && (
          <>
            <div className="field">
              <span className="label" aria-hidden>
                {t("results.measure")}
              </span>
              <Select
                label={t("results.measure")}
                value={name}
                onChange={(value) => value && setName(value)}
                options={measures.map((m) => ({ value: m.measure, label: title(m.title, m.measure) }))}
              />
              {measure && <span className="hint">{title(measure.formula)}</span>}
            </div>
            <ScopeFields measure={measure} scope={scope} onChange={setScope} />
          </>
        )}
        <div className="row" style={{ alignItems: "flex-end" }}>
          <div className="field grow">
            <label htmlFor="target-value">
              {t(unit === "ratio" ? "targets.value.percent" : unit === "days" ? "targets.value.days" : "targets.value")}
            </label>
            <input
              id="target-value"
              className="input"
              inputMode="decimal"
              autoComplete="off"
              value={text}
              onChange={(e) => setText(e.target.value)}
              aria-invalid={error !== null}
              aria-describedby={error ? "target-error" : undefined}
              required
            />
          </div>
          {money && (
            <div className="field" style={{ width: "7rem" }}>
              <label htmlFor="target-currency">{t("dimension.currency")}</label>
              <input
                id="target-currency"
                className="input"
                value={currency}
                maxLength={3}
                disabled={target !== null}
                onChange={(e) => setCurrency(e.target.value.toUpperCase())}
              />
            </div>
          )}
        </div>
        {error && (
          <p className="notice bad" id="target-error" role="alert">
            <TriangleAlert className="icon" aria-hidden />
            {error}
          </p>
        )}
      </form>
    </Dialog>
  );
}

/** The first error with the name of its field. */
function firstFieldError(problem: Problem): string {
  const error = problem.errors[0];
  const field = error?.pointer.split("/").at(-1);
  return error ? [field, error.message].filter(Boolean).join(": ") : problem.message;
}

interface ScopeProps {
  measure: Measure | undefined;
  scope: Record<string, string>;
  onChange: (scope: Record<string, string>) => void;
}

function ScopeFields({ measure, scope, onChange }: ScopeProps) {
  const t = useTranslate();
  const { dimension } = useDimensionLabels();
  const options = {
    business_line: useBusinessLines(),
    region: useDimensionValues("region"),
    team: useDimensionValues("team"),
    rep: useDimensionValues("rep"),
  };
  const change = (name: string, value: string | undefined): void => {
    const { [name]: _, ...others } = scope;
    onChange(value ? { ...others, [name]: value } : others);
  };
  return (
    <fieldset className="grid targets-scope">
      <legend className="small">{t("targets.scope")}</legend>
      {SCOPES.filter((name) => measure?.dimensions.includes(name)).map((name) => (
        <div className="field" key={name}>
          <span className="label" aria-hidden>
            {dimension(name)}
          </span>
          <Select
            label={dimension(name)}
            emptyLabel={t("targets.all")}
            value={scope[name]}
            options={options[name]}
            onChange={(value) => change(name, value)}
          />
        </div>
      ))}
    </fieldset>
  );
}
