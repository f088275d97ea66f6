import { describe, expect, it } from "vitest";
import type { Blueprint } from "@/api/shapes";
import { BOX, picture } from "./layout";

const stage = (name: string, type: "open" | "won" | "lost" = "open") => ({ name, type, title: { en: name }, order: 0, probability: null, forecast_category: "", sla: [] });
const step = (name: string, from: string[], to: string, reopen = false) => ({ name, from, to, reopen, title: { en: name }, owners: [], criteria: null, requires: [], actions: [], checklist: [] });
const blueprint = {
  stages: [stage("a"), stage("b"), stage("c"), stage("won", "won"), stage("lost", "lost")],
  transitions: [step("next", ["a"], "b"), step("skip", ["a"], "c"), step("back", ["c"], "a"), step("lose", ["a", "b", "c"], "lost"), step("reopen", ["won", "lost"], "b", true)],
} as unknown as Blueprint;

/** Where a path of M, H, V and C ends. */
function end(d: string): [number, number] {
  let [x, y] = [0, 0];
  for (const [, letter, text = ""] of d.matchAll(/([MHVC])([^MHVC]*)/g)) {
    const n = text.trim().split(/\s+/).map(Number);
    if (letter === "H") x = n[0] ?? NaN;
    else if (letter === "V") y = n[0] ?? NaN;
    else [x, y] = [n.at(-2) ?? NaN, n.at(-1) ?? NaN];
  }
  return [x, y];
}

describe("a blueprint's picture", () => {
  const { boxes, arrows, width, height } = picture(blueprint);

  it("has no two stages in one place, and all of them inside", () => {
    for (const [i, a] of boxes.entries()) {
      expect(a.x >= 0 && a.y >= 0 && a.x + BOX.width <= width && a.y + BOX.height <= height).toBe(true);
      for (const b of boxes.slice(i + 1)) expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
    }
  });

  it("has an arrow for every way, and each step's name once", () => {
    expect(arrows.length).toBe(8);
    expect(arrows.filter((a) => a.label).map((a) => a.step.name)).toEqual(["next", "skip", "back", "lose", "reopen"]);
  });

  it("leads every arrow to the edge of the stage that it means", () => {
    for (const arrow of arrows) {
      const box = boxes.find((b) => b.stage.name === arrow.step.to);
      const [x, y] = end(arrow.d);
      expect(box && x >= box.x && x <= box.x + BOX.width && y >= box.y && y <= box.y + BOX.height, `${arrow.step.name} from ${arrow.from}`).toBe(true);
    }
  });

  it("tells ways on, back, out and in again apart", () => {
    expect(arrows.map((a) => a.kind)).toEqual(["forward", "forward", "back", "lost", "lost", "lost", "reopen", "reopen"]);
  });
});
