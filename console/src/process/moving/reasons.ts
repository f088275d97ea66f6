/** Why a step is refused, in the viewer's words where the API gives a code that we know, else in the API's. */
import type { Reason, Transition } from "@/api/shapes";
import type { Say, Title } from "@/i18n";
import { isKey } from "@/i18n/words";

type Titled = (title: Title, name?: string | null) => string;

/** The last step of a JSON pointer: `/fields/amount` is `amount`. */
export function subject(path: string): string {
  return (path.split("/").pop() ?? "").replaceAll("~1", "/").replaceAll("~0", "~");
}

export function activityName(kind: string, t: Say): string {
  const key = `activity.${kind}`;
  return isKey(key) ? t(key) : kind;
}

export function reasonText(reason: Reason, transition: Transition | undefined, t: Say, title: Titled): string {
  const name = subject(reason.path);
  switch (reason.code) {
    case "field_required": {
      const form = transition?.fields.find((f) => f.name === name);
      return form ? t("reason.field_required", { field: title(form.label, name) }) : reason.message;
    }
    case "action_missing": {
      const action = transition?.actions.find((a) => a.kind === name);
      return action ? t("reason.action_missing", { kind: activityName(name, t), done: action.done, count: action.count }) : reason.message;
    }
    case "checklist_open": {
      const item = transition?.checklist.find((c) => c.name === name);
      return item ? t("reason.checklist_open", { item: title(item.title, name) }) : reason.message;
    }
    case "loss_reason_required":
      return t("reason.loss_reason_required");
    default:
      return reason.message;
  }
}

/** The same for what was refused some time ago, as the log tells it: codes that we know in the viewer's words. */
export function refusalText(reason: Reason, t: Say, stepTitle: (step: string) => string): string {
  if (reason.code === "action_missing") {
    const [, done, count] = /(\d+) of (\d+)/.exec(reason.message) ?? [];
    if (done && count) return t("reason.action_missing", { kind: activityName(subject(reason.path), t), done: Number(done), count: Number(count) });
  }
  if (reason.code === "not_from_this_stage") {
    const allowed = /: ([\w, ]+)\.$/.exec(reason.message)?.[1];
    if (allowed) return t("reason.not_from_this_stage", { steps: allowed.split(", ").map((step) => `“${stepTitle(step)}”`).join(", ") });
  }
  return reason.message;
}

export type Verdict = "free" | "form" | "never";

/** Whether a deal may be dropped on a stage: at once, after something is given, or not at all. */
export function verdictFor(stage: string, steps: readonly Transition[]): Verdict {
  const leading = steps.filter((s) => s.to === stage);
  if (leading.length === 0) return "never";
  return leading.some((s) => s.allowed && s.checklist.length === 0) ? "free" : "form";
}

/** The step to take towards a stage: one that may be made at once before one that asks for something. */
export function stepTo(stage: string, steps: readonly Transition[]): Transition | undefined {
  const leading = steps.filter((s) => s.to === stage);
  return leading.find((s) => s.allowed && s.checklist.length === 0) ?? leading.find((s) => s.allowed) ?? leading[0];
}
