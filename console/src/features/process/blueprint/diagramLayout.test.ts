import { describe, expect, it } from "vitest";
import type { Blueprint } from "@/shared/api/types";
import { BOX, diagramLayout } from "./diagramLayout";

const stage = (name: string, type: "open" | "won" | "lost" = "open") => ({
  name,
  type,
  title: { en: name },
  order: 0,
  probability: null,
  forecast_category: "",
  sla: [],
});
const transition = (name: string, from: string[], to: string, reopen = false) => ({
  name,
  from,
  to,
  reopen,
  title: { en: name },
  owners: [],
  criteria: null,
  requires: [],
  actions: [],
  checklist: [],
});
const blueprint = {
  stages: [stage("a"), stage("b"), stage("c"), stage("won", "won"), stage("lost", "lost")],
  transitions: [
    transition("next", ["a"], "b"),
    transition("skip", ["a"], "c"),
    transition("back", ["c"], "a"),
    transition("lose", ["a", "b", "c"], "lost"),
    transition("reopen", ["won", "lost"], "b", true),
  ],
} as unknown as Blueprint;

/** The end of a path of M, H, V and C commands. */
function end(d: string): [number, number] {
  let [x, y] = [0, 0];
  for (const [, command, text = ""] of d.matchAll(/([MHVC])([^MHVC]*)/g)) {
    const n = text.trim().split(/\s+/).map(Number);
    if (command === "H") x = n[0] ?? Number.NaN;
    else if (command === "V") y = n[0] ?? Number.NaN;
    else [x, y] = [n.at(-2) ?? Number.NaN, n.at(-1) ?? Number.NaN];
  }
  return [x, y];
}

describe("the diagram of a blueprint", () => {
  const { boxes, arrows, width, height } = diagramLayout(blueprint);

  it("has stages that do not overlap, and all of them inside", () => {
    for (const [i, a] of boxes.entries()) {
      expect(a.x >= 0 && a.y >= 0 && a.x + BOX.width <= width && a.y + BOX.height <= height).toBe(true);
      for (const b of boxes.slice(i + 1))
        expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
    }
  });

  it("has an arrow from every stage, and one label for each transition", () => {
    expect(arrows.length).toBe(8);
    expect(arrows.filter((a) => a.label).map((a) => a.transition.name)).toEqual([
      "next",
      "skip",
      "back",
      "lose",
      "reopen",
    ]);
  });

  it("ends every arrow at its target stage", () => {
    for (const arrow of arrows) {
      const box = boxes.find((b) => b.stage.name === arrow.transition.to);
      const [x, y] = end(arrow.d);
      expect(
        box && x >= box.x && x <= box.x + BOX.width && y >= box.y && y <= box.y + BOX.height,
        `${arrow.transition.name} from ${arrow.from}`,
      ).toBe(true);
    }
  });

  it("distinguishes arrows forward, back, to lost stages and from them", () => {
    expect(arrows.map((a) => a.kind)).toEqual([
      "forward",
      "forward",
      "back",
      "lost",
      "lost",
      "lost",
      "reopen",
      "reopen",
    ]);
  });
});
