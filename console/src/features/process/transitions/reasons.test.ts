import { describe, expect, it } from "vitest";
import type { Reason, Transition } from "@/shared/api/types";
import { localizedTitle } from "@/shared/i18n";
import { type MessageKey, translate, type Values } from "@/shared/i18n/catalogue";
import { pointerName, reasonText, recordedReasonText } from "./reasons";

const chinese = (key: MessageKey, values?: Values): string => translate("zh", key, values);
const reason = (code: string, path: string, message: string, params?: Reason["params"]): Reason => ({
  code,
  path,
  message,
  params,
});

describe("a reason against a transition", () => {
  const transition = {
    checklist: [{ name: "signed", title: { en: "Signed", zh: "已签署" } }],
  } as unknown as Transition;
  const text = (one: Reason): string =>
    reasonText(one, transition, chinese, (title, name) => localizedTitle(title, "zh", name));

  it("is in the user's language when the console knows its code", () => {
    expect(text(reason("checklist_open", "/checklist/signed", "Signed"))).toContain("已签署");
  });

  it("keeps the API's message otherwise", () => {
    expect(text(reason("criteria_not_met", "/transition", "Too cheap."))).toBe("Too cheap.");
    expect(text(reason("checklist_open", "/checklist/unknown", "Legal approval"))).toBe("Legal approval");
  });
});

describe("a recorded reason", () => {
  const text = (one: Reason): string =>
    recordedReasonText(one, chinese, (name) => ({ show: "演示产品" })[name] ?? name);

  it("is built from the parameters of the event", () => {
    expect(text(reason("action_missing", "/actions/demo", "any message", { done: 0, count: 1 }))).toBe(
      "演示：已完成 0/1",
    );
    expect(text(reason("not_from_this_stage", "/transition", "any", { allowed: ["show"] }))).toContain("“演示产品”");
  });

  it("is built from the message of an event that has no parameters", () => {
    const demo = reason("action_missing", "/actions/demo", "demo: 0 of 1 done since the stage was entered.");
    expect(text(demo)).toBe("演示：已完成 0/1");
    const win = reason(
      "not_from_this_stage",
      "/transition",
      "'win' does not start from stage 'a'. Allowed: show, lose.",
    );
    expect(text(win)).toContain("“演示产品”、“lose”");
  });

  it("keeps the recorded message otherwise", () => {
    expect(text(reason("another", "", "As it was recorded."))).toBe("As it was recorded.");
    expect(text(reason("action_missing", "/actions/demo", "in other words"))).toBe("in other words");
  });
});

it("the name in a JSON pointer is unescaped", () => {
  expect(pointerName("/fields/a~1b~0c")).toBe("a/b~c");
});
