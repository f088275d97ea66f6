/** Why a transition is refused, in the user's language. For unknown codes, the API's message is shown. */
import type { Reason, Transition } from "@/shared/api/types";
import type { Title, Translate } from "@/shared/i18n";
import { isMessageKey } from "@/shared/i18n/catalogue";

type TitleOf = (title: Title, name?: string | null) => string;

/** The last segment of a JSON pointer: `/fields/amount` → `amount`. */
export function pointerName(pointer: string): string {
  return (pointer.split("/").pop() ?? "").replaceAll("~1", "/").replaceAll("~0", "~");
}

export function activityName(kind: string, t: Translate): string {
  const key = `activity.${kind}`;
  return isMessageKey(key) ? t(key) : kind;
}

/** A reason against a transition that is possible now: labels and counts are those of the transition. */
export function reasonText(reason: Reason, transition: Transition | undefined, t: Translate, title: TitleOf): string {
  const name = pointerName(reason.path);
  switch (reason.code) {
    case "field_required": {
      const field = transition?.fields.find((one) => one.name === name);
      return field ? t("reason.field_required", { field: title(field.label, name) }) : reason.message;
    }
    case "action_missing": {
      const action = transition?.actions.find((one) => one.kind === name);
      return action ? missingActivity(name, action, t) : reason.message;
    }
    case "checklist_open": {
      const item = transition?.checklist.find((one) => one.name === name);
      return item ? t("reason.checklist_open", { item: title(item.title, name) }) : reason.message;
    }
    case "loss_reason_required":
      return t("reason.loss_reason_required");
    default:
      return reason.message;
  }
}

/** A reason in the history: only the event itself is known, with the values that it recorded. */
export function recordedReasonText(reason: Reason, t: Translate, transitionTitle: (name: string) => string): string {
  const { done, count, allowed } = { ...parametersInMessage(reason), ...reason.params };
  if (reason.code === "action_missing" && typeof done === "number" && typeof count === "number") {
    return missingActivity(pointerName(reason.path), { done, count }, t);
  }
  if (reason.code === "not_from_this_stage" && Array.isArray(allowed)) {
    const titles = allowed.map((name) => `“${transitionTitle(String(name))}”`).join(t("list.separator"));
    return t("reason.not_from_this_stage", { transitions: titles });
  }
  return reason.message;
}

function missingActivity(kind: string, { done, count }: { done: number; count: number }, t: Translate): string {
  return t("reason.action_missing", { kind: activityName(kind, t), done, count });
}

/** Early versions recorded a message without parameters: "… 0 of 1 done …", "… Allowed: show, lose." */
function parametersInMessage({ code, message }: Reason): Record<string, unknown> {
  if (code === "action_missing") {
    const [, done, count] = /(\d+) of (\d+)/.exec(message) ?? [];
    return done && count ? { done: Number(done), count: Number(count) } : {};
  }
  if (code === "not_from_this_stage") {
    const names = /: ([\w, ]+)\.$/.exec(message)?.[1];
    return names ? { allowed: names.split(", ") } : {};
  }
  return {};
}
