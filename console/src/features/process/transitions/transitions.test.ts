import { expect, it } from "vitest";
import type { Transition } from "@/shared/api/types";
import { dropOutcome, transitionTo } from "./transitions";

const transition = (name: string, to: string, values: Partial<Transition> = {}): Transition => ({
  name,
  to,
  title: { en: name, zh: name },
  to_title: {},
  owners: [],
  allowed: true,
  reasons: [],
  fields: [],
  checklist: [],
  actions: [],
  ...values,
});
const transitions = [
  transition("win", "won", { allowed: false, checklist: [{ name: "signed", title: { en: "Signed" } }] }),
  transition("lose", "lost", { allowed: false }),
  transition("demo", "shown"),
];

it("a drop is allowed, opens a form, or is impossible", () => {
  const outcomes = ["qualified", "shown", "won", "proposed"].map((stage) =>
    dropOutcome(stage, { stage: "qualified" }, transitions),
  );
  expect(outcomes).toEqual(["same", "allowed", "form", "impossible"]);
});

it("of several transitions the one that is allowed at once is taken", () => {
  const candidates = [transition("fast", "won", { allowed: false }), transition("slow", "won")];
  expect(transitionTo("won", candidates)?.name).toBe("slow");
  expect(transitionTo("proposed", transitions)).toBeUndefined();
});
