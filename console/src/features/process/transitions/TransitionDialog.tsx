import { CircleAlert, CircleCheck, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Problem } from "@/shared/api/problem";
import { invalidate, POLL_INTERVAL_MS, useGet } from "@/shared/api/queries";
import type { Deal, Reason, Transition } from "@/shared/api/types";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { ErrorState, LoadingState } from "@/shared/ui/queryStates";
import { FormField } from "./FormField";
import { activityName, reasonText } from "./reasons";
import { logActivity, reasonsOf, requestTransition } from "./requests";

const TRANSITIONS = "/v1/opportunities/{id}/transitions";
const ACTIVITY_POLL_MS = 700;

interface Props {
  deal: Deal;
  dealName: string;
  transition: string;
  stageTitle: (stage: string) => string;
  /** The reasons of a refusal that has just happened; shown until the form is sent again. */
  reasons?: Reason[];
  onClose: () => void;
  onDone: (deal: Deal) => void;
}

/** The form of a transition: its requirements, which of them are missing, and the button that requests it. */
export function TransitionDialog({ deal, dealName, transition: name, stageTitle, reasons, onClose, onDone }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const [loggedKind, setLoggedKind] = useState<string | null>(null);
  const query = useGet(
    TRANSITIONS,
    { path: { id: deal.opportunity_id } },
    { pollMs: loggedKind ? ACTIVITY_POLL_MS : POLL_INTERVAL_MS },
  );
  const transition = query.data?.items.find((item) => item.name === name);
  const counted = transition?.actions.some((action) => action.kind === loggedKind && action.done >= action.count);
  if (loggedKind && counted) setLoggedKind(null);
  const log = (kind: string): void => {
    setLoggedKind(kind);
    logActivity(deal, kind).catch((error: Error) => {
      setLoggedKind(null);
      announce(error.message, "bad");
    });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={transition ? title(transition.title, transition.name) : t("state.loading")}
      description={
        transition &&
        t("transition.description", {
          deal: dealName,
          from: stageTitle(query.data?.stage ?? deal.stage),
          to: title(transition.to_title, transition.to),
        })
      }
    >
      {transition ? (
        <TransitionForm
          key={transition.name}
          deal={deal}
          transition={transition}
          refusedFor={reasons ?? []}
          loggedKind={loggedKind}
          onLog={log}
          onDone={onDone}
          onCancel={onClose}
        />
      ) : query.isError ? (
        <ErrorState error={query.error} />
      ) : query.data ? (
        <ErrorState error={new Problem(404, { title: t("transition.gone") })} />
      ) : (
        <LoadingState rows={3} />
      )}
    </Dialog>
  );
}

interface FormProps {
  deal: Deal;
  transition: Transition;
  refusedFor: Reason[];
  /** The kind of the activity that is being logged. */
  loggedKind: string | null;
  onLog: (kind: string) => void;
  onDone: (deal: Deal) => void;
  onCancel: () => void;
}

/** Pointers of the requirements that have an input of their own in the form. */
function pointersInForm({ fields, checklist, actions }: Transition): Set<string> {
  return new Set([
    ...fields.map((field) => `/fields/${field.name}`),
    ...checklist.map((item) => `/checklist/${item.name}`),
    ...actions.map((action) => `/actions/${action.kind}`),
  ]);
}

function TransitionForm({ deal, transition, refusedFor, loggedKind, onLog, onDone, onCancel }: FormProps) {
  const t = useTranslate();
  const title = useTitle();
  const roleName = useNames("role");
  const [values, setValues] = useState<Record<string, unknown>>(() =>
    Object.fromEntries(transition.fields.map((field) => [field.name, field.value ?? null])),
  );
  const [checked, setChecked] = useState<string[]>([]);
  const [note, setNote] = useState("");
  const [reasons, setReasons] = useState<Reason[]>(refusedFor);
  const [busy, setBusy] = useState(false);
  const text = (reason: Reason): string => reasonText(reason, transition, t, title);
  const errorOf = (pointer: string): string | undefined => {
    const reason = reasons.find((one) => one.path === pointer);
    return reason && text(reason);
  };
  const inForm = pointersInForm(transition);
  const others = reasons.filter((reason) => !inForm.has(reason.path));

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const invalid = transition.fields.filter(
      (field) => field.type === "money" && typeof values[field.name] === "string",
    );
    if (invalid.length) {
      const message = t("reason.amount");
      return setReasons(invalid.map(({ name }) => ({ code: "amount", path: `/fields/${name}`, message })));
    }
    setBusy(true);
    try {
      const changed = transition.fields.filter(
        (field) => JSON.stringify(values[field.name]) !== JSON.stringify(field.value ?? null),
      );
      const moved = await requestTransition(deal.opportunity_id, {
        transition: transition.name,
        fields: Object.fromEntries(changed.map(({ name }) => [name, values[name]])),
        checklist: checked,
        ...(note ? { note } : {}),
      });
      onDone(moved);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const general = { code: error.code, path: "", message: error.message };
      const refusal = error.errors.length ? reasonsOf(error) : [general];
      setReasons(refusal);
      announce(`${t("transition.refused")} ${refusal.map(text).join(" · ")}`, "bad", { silent: true });
      void invalidate(TRANSITIONS);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="stack" style={{ gap: "var(--4)" }} onSubmit={(event) => void submit(event)} noValidate>
      {others.length > 0 && (
        <div className="notice bad">
          <CircleAlert className="icon" aria-hidden />
          <ul>
            {others.map((reason) => (
              <li key={reason.path + reason.code}>{text(reason)}</li>
            ))}
          </ul>
        </div>
      )}
      {transition.allowed && transition.fields.length === 0 && (
        <p className="notice good">
          <CircleCheck className="icon" aria-hidden />
          {t("transition.ready")}
        </p>
      )}
      {transition.actions.length > 0 && (
        <RequiredActivities actions={transition.actions} loggedKind={loggedKind} onLog={onLog} />
      )}
      {transition.fields.length > 0 && (
        <section className="stack">
          <h3>{t("transition.fields")}</h3>
          {transition.fields.map((field) => (
            <FormField
              key={field.name}
              field={field}
              value={values[field.name]}
              error={errorOf(`/fields/${field.name}`)}
              currency={deal.amount?.currency ?? "EUR"}
              onChange={(value) => setValues((all) => ({ ...all, [field.name]: value }))}
            />
          ))}
        </section>
      )}
      {transition.checklist.length > 0 && (
        <Checklist items={transition.checklist} checked={checked} onChange={setChecked} errorOf={errorOf} />
      )}
      <label className="field">
        <span className="label">{t("transition.note")}</span>
        <input
          className="input"
          value={note}
          maxLength={2000}
          placeholder={t("transition.note.hint")}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      <div className="row">
        <span className="muted small grow">
          {transition.owners.length > 0 &&
            t("transition.owners", { who: transition.owners.map(roleName).join(t("list.separator")) })}
        </span>
        <Button onClick={onCancel}>{t("action.cancel")}</Button>
        <Button type="submit" variant="primary" disabled={busy}>
          {title(transition.title, transition.name)}
        </Button>
      </div>
    </form>
  );
}

type RequiredActivitiesProps = Pick<FormProps, "loggedKind" | "onLog"> & Pick<Transition, "actions">;

/** The activities that a transition requires. Each can be logged from here, and counts shortly after. */
function RequiredActivities({ actions, loggedKind, onLog }: RequiredActivitiesProps) {
  const t = useTranslate();
  return (
    <section className="stack">
      <h3>{t("transition.activities")}</h3>
      {actions.map(({ kind, done, count }) => (
        <div className="row" key={kind}>
          {done >= count ? (
            <CircleCheck className="icon good-text" aria-hidden />
          ) : (
            <CircleAlert className="icon bad-text" aria-hidden />
          )}
          <span className="grow">{t("transition.activity", { kind: activityName(kind, t), done, count })}</span>
          {done < count && (
            <Button
              small
              disabled={loggedKind !== null}
              icon={<Plus className="icon" aria-hidden />}
              onClick={() => onLog(kind)}
            >
              {loggedKind === kind
                ? t("transition.activity.logging")
                : t("transition.activity.log", { kind: activityName(kind, t) })}
            </Button>
          )}
        </div>
      ))}
    </section>
  );
}

interface ChecklistProps {
  items: Transition["checklist"];
  checked: string[];
  onChange: (checked: string[]) => void;
  errorOf: (pointer: string) => string | undefined;
}

function Checklist({ items, checked, onChange, errorOf }: ChecklistProps) {
  const t = useTranslate();
  const title = useTitle();
  return (
    <fieldset className="stack" style={{ gap: "var(--1)" }}>
      <legend>
        <h3>{t("transition.checklist")}</h3>
      </legend>
      {items.map(({ name, title: label }) => {
        const isChecked = checked.includes(name);
        const missing = !isChecked && errorOf(`/checklist/${name}`) !== undefined;
        return (
          <label className="check" key={name}>
            <input
              type="checkbox"
              checked={isChecked}
              aria-invalid={missing || undefined}
              onChange={() => onChange(isChecked ? checked.filter((other) => other !== name) : [...checked, name])}
            />
            <span>
              {title(label, name)}
              {missing && <span className="fault-text"> – {t("transition.missing")}</span>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
