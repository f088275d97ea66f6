/** Where the stages of a blueprint stand in its picture, and how the arrows between them run. */
import type { Blueprint } from "@/api/shapes";

type StageOf = Blueprint["stages"][number];
type Step = Blueprint["transitions"][number];
export interface Box { stage: StageOf; x: number; y: number }
export interface Arrow { step: Step; from: string; d: string; label: { x: number; y: number } | null; kind: "forward" | "back" | "lost" | "reopen" }
export interface Picture { width: number; height: number; boxes: Box[]; arrows: Arrow[] }

export const BOX = { width: 148, height: 72 };
const GAP = 96, SIDE = 12, LEVEL = 34, FALL = 96;

/** Stages in a row, the lost ones below; straight arrows to the next stage, arcs above for skips, below for ways back. */
export function picture(blueprint: Pick<Blueprint, "stages" | "transitions">): Picture {
  const row = blueprint.stages.filter((s) => s.type !== "lost");
  const lost = blueprint.stages.filter((s) => s.type === "lost");
  const place = new Map(row.map((s, i) => [s.name, i]));
  const pairs = blueprint.transitions.flatMap((step) => step.from.map((from) => ({ step, from })));
  const span = ({ step, from }: { step: Step; from: string }): number => (place.get(step.to) ?? NaN) - (place.get(from) ?? NaN);
  const above = Math.max(0, ...pairs.map(span).filter((n) => n > 1));
  const below = Math.max(0, ...pairs.map(span).filter((n) => n < 0).map((n) => -n));
  const top = SIDE + 14 + above * LEVEL;
  const floor = top + BOX.height + (below > 0 ? 20 + Math.min(below, 3) * LEVEL : 0);
  const x = (i: number): number => SIDE + i * (BOX.width + GAP);
  const width = x(row.length - 1) + BOX.width + SIDE;
  const lostY = floor + FALL - 40;
  const boxes: Box[] = [
    ...row.map((stage, i) => ({ stage, x: x(i), y: top })),
    ...lost.map((stage, i) => ({ stage, x: Math.max(SIDE, width / 2 - BOX.width / 2 + i * (BOX.width + 24)), y: lostY })),
  ];
  const at = new Map(boxes.map((b) => [b.stage.name, b]));
  const labelled = new Set<string>();
  const arrows = pairs.flatMap(({ step, from }) => {
    const a = at.get(from), b = at.get(step.to);
    if (!a || !b) return [];
    const run = route(a, b, span({ step, from }), step.reopen, top, below);
    const first = !labelled.has(step.name);
    labelled.add(step.name);
    return [{ step, from, ...run, label: first ? run.label : null }];
  });
  return { width, height: (lost.length ? lostY + BOX.height : floor) + SIDE, boxes, arrows };
}

type Run = Pick<Arrow, "d" | "label" | "kind">;

function route(a: Box, b: Box, steps: number, reopen: boolean, top: number, below: number): Run {
  const middle = (box: Box): number => box.x + BOX.width / 2;
  const bottom = top + BOX.height;
  if (b.stage.type === "lost") {
    const y = b.y - 20;
    const into = middle(b) + (middle(a) - middle(b)) * 0.1;
    return { kind: "lost", d: `M${middle(a) + 18} ${bottom}V${y}H${into}V${b.y}`, label: { x: middle(a) + 26, y: y - 8 } };
  }
  if (a.stage.type === "lost") {
    const into = middle(b) + BOX.width / 2 - 20;
    if (into > a.x && into < a.x + BOX.width + 30) { // it stands right above: up from the edge
      const from = Math.min(into, a.x + BOX.width - 20);
      return { kind: "reopen", d: `M${from} ${a.y}V${a.y - 26}H${into}V${bottom}`, label: { x: into + 8, y: a.y - 34 } };
    }
    const right = into > a.x;
    const side = right ? a.x + BOX.width : a.x;
    return { kind: "reopen", d: `M${side} ${a.y + BOX.height / 2}H${into}V${bottom}`, label: { x: right ? side + 10 : into + 10, y: a.y + BOX.height / 2 - 8 } };
  }
  if (steps === 1) {
    const y = top + BOX.height / 2;
    return { kind: "forward", d: `M${a.x + BOX.width} ${y}H${b.x}`, label: { x: (a.x + BOX.width + b.x) / 2, y: y - 8 } };
  }
  if (steps > 1) {
    const y = top - 14 - (steps - 1) * LEVEL;
    return { kind: "forward", d: `M${middle(a)} ${top}C${middle(a)} ${y} ${middle(b)} ${y} ${middle(b)} ${top}`, label: { x: (middle(a) + middle(b)) / 2, y: y + 14 } };
  }
  const depth = bottom + 16 + Math.min(-steps, Math.max(1, below), 3) * LEVEL;
  return {
    kind: reopen ? "reopen" : "back", d: `M${middle(a) - 18} ${bottom}C${middle(a) - 18} ${depth} ${middle(b) - 18} ${depth} ${middle(b) - 18} ${bottom}`,
    label: { x: (middle(a) + middle(b)) / 2 - 18, y: depth - 14 },
  };
}
