import { useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { POLL_MS, useGet } from "@/api/hooks";
import { Problem } from "@/api/problem";
import type { Deal, Reason, Transition } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Failure, Loading } from "@/ui/states";
import { useRoleName } from "@/frame/DeveloperBanner";
import { Field } from "./Field";
import { logActivity, moveDeal } from "./move";
import { activityName, reasonText, subject } from "./reasons";

const TEMPLATE = "/v1/opportunities/{id}/transitions";
const HEARD_MS = 700;

interface Props {
  deal: Deal;
  name: string;
  step: string;
  stageTitle: (stage: string) => string;
  /** Why it was just refused; shown until the form is sent again. */
  refused?: Reason[];
  onClose: () => void;
  onDone: (deal: Deal) => void;
}

/** A step's form: what it asks for, what is missing yet, and doing it. */
export function StepDialog({ deal, name, step, stageTitle, refused, onClose, onDone }: Props) {
  const t = useSay();
  const title = useTitle();
  const [waiting, setWaiting] = useState<string | null>(null);
  const query = useGet(TEMPLATE, { path: { id: deal.opportunity_id } }, { poll: waiting ? HEARD_MS : POLL_MS });
  const transition = query.data?.items.find((i) => i.name === step);
  if (waiting && transition?.actions.some((a) => a.kind === waiting && a.done >= a.count)) setWaiting(null);
  const about = transition && t("move.about", { deal: name, from: stageTitle(query.data?.stage ?? deal.stage), to: title(transition.to_title, transition.to) });
  return (
    <Dialog open onClose={onClose} title={transition ? title(transition.title, transition.name) : t("state.loading")} about={about}>
      {transition ? (
        <StepForm key={transition.name} {...{ deal, transition, refused, onDone, waiting }} onLog={setWaiting} onCancel={onClose} />
      ) : query.isError ? <Failure error={query.error} /> : query.data ? <Failure error={new Problem(404)} /> : <Loading rows={3} />}
    </Dialog>
  );
}

interface FormProps {
  deal: Deal; transition: Transition; refused?: Reason[]; waiting: string | null;
  onLog: (kind: string) => void; onDone: (deal: Deal) => void; onCancel: () => void;
}

function StepForm({ deal, transition, refused, waiting, onLog, onDone, onCancel }: FormProps) {
  const t = useSay();
  const title = useTitle();
  const roleName = useRoleName();
  const client = useQueryClient();
  const [values, setValues] = useState<Record<string, unknown>>(() => Object.fromEntries(transition.fields.map((f) => [f.name, f.value ?? null])));
  const [ticked, setTicked] = useState<string[]>([]);
  const [note, setNote] = useState("");
  const [reasons, setReasons] = useState<Reason[]>(refused ?? []);
  const [busy, setBusy] = useState(false);
  const faultOf = (place: string): string | undefined => {
    const found = reasons.find((r) => r.path === place);
    return found && reasonText(found, transition, t, title);
  };
  const shown = new Set([...transition.fields.map((f) => `/fields/${f.name}`), ...transition.checklist.map((c) => `/checklist/${c.name}`), ...transition.actions.map((a) => `/actions/${a.kind}`)]);
  const others = reasons.filter((r) => !shown.has(r.path));

  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const amounts = transition.fields.filter((f) => f.type === "money" && typeof values[f.name] === "string");
    if (amounts.length) return setReasons(amounts.map((f) => ({ code: "amount", path: `/fields/${f.name}`, message: t("reason.amount") })));
    setBusy(true);
    try {
      const changed = transition.fields.filter((f) => JSON.stringify(values[f.name]) !== JSON.stringify(f.value ?? null));
      const fields = Object.fromEntries(changed.map((f) => [f.name, values[f.name]]));
      onDone(await moveDeal(deal.opportunity_id, { transition: transition.name, fields, checklist: ticked, ...(note ? { note } : {}) }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const why = error.errors.map((e) => ({ code: e.code, path: e.pointer, message: e.message }));
      setReasons(why.length ? why : [{ code: error.code, path: "", message: error.message }]);
      announce(`${t("move.refused")}. ${(why.length ? why.map((r) => reasonText(r, transition, t, title)) : [error.message]).join(" · ")}`, "bad", { quiet: true });
      void client.invalidateQueries({ queryKey: [TEMPLATE] });
    } finally {
      setBusy(false);
    }
  };
  const log = (kind: string): void => {
    onLog(kind);
    logActivity(deal, kind).catch((error: Error) => announce(error.message, "bad"));
  };

  return (
    <form className="stack" style={{ gap: "var(--4)" }} onSubmit={(e) => void send(e)} noValidate>
      {others.length > 0 && (
        <div className="notice bad"><CircleAlert className="icon" aria-hidden /><ul>{others.map((r) => <li key={r.path + r.code}>{reasonText(r, transition, t, title)}</li>)}</ul></div>
      )}
      {transition.allowed && transition.fields.length === 0 && <p className="notice good"><CircleCheck className="icon" aria-hidden />{t("move.ready")}</p>}
      {transition.actions.length > 0 && (
        <section className="stack">
          <h3>{t("move.actions")}</h3>
          {transition.actions.map((a) => {
            const done = a.done >= a.count;
            return (
              <div className="row" key={a.kind}>
                {done ? <CircleCheck className="icon good-text" aria-hidden /> : <CircleAlert className="icon bad-text" aria-hidden />}
                <span className="grow">{t("move.action", { kind: activityName(a.kind, t), done: a.done, count: a.count })}</span>
                {!done && <Button small disabled={waiting !== null} icon={<Plus className="icon" aria-hidden />} onClick={() => log(a.kind)}>
                  {waiting === a.kind ? t("move.action.logging") : t("move.action.log", { kind: activityName(a.kind, t) })}
                </Button>}
              </div>
            );
          })}
        </section>
      )}
      {transition.fields.length > 0 && (
        <section className="stack">
          <h3>{t("move.fields")}</h3>
          {transition.fields.map((form) => (
            <Field key={form.name} form={form} value={values[form.name]} fault={faultOf(`/fields/${form.name}`)} currency={deal.amount?.currency ?? "EUR"}
              onChange={(value) => setValues((v) => ({ ...v, [form.name]: value }))} />
          ))}
        </section>
      )}
      {transition.checklist.length > 0 && (
        <fieldset className="stack" style={{ gap: "var(--1)" }}>
          <legend><h3>{t("move.checklist")}</h3></legend>
          {transition.checklist.map((item) => (
            <label className="check" key={item.name}>
              <input type="checkbox" checked={ticked.includes(item.name)} aria-invalid={faultOf(`/checklist/${item.name}`) && !ticked.includes(item.name) ? true : undefined}
                onChange={(e) => setTicked((all) => (e.target.checked ? [...all, item.name] : all.filter((n) => n !== item.name)))} />
              <span>{title(item.title, item.name)}{faultOf(`/checklist/${item.name}`) && !ticked.includes(item.name) && <span className="fault-text"> – {t("move.missing")}</span>}</span>
            </label>
          ))}
        </fieldset>
      )}
      <label className="field"><span className="label">{t("move.note")}</span>
        <input className="input" value={note} maxLength={2000} placeholder={t("move.note.hint")} onChange={(e) => setNote(e.target.value)} />
      </label>
      <div className="row">
        <span className="muted small grow">{transition.owners.length > 0 && t("move.owners", { who: transition.owners.map(roleName).join(", ") })}</span>
        <Button onClick={onCancel}>{t("action.cancel")}</Button>
        <Button type="submit" look="primary" disabled={busy}>{title(transition.title, subject(transition.name))}</Button>
      </div>
    </form>
  );
}
