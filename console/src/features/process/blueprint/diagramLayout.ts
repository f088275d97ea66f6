/** The layout of a blueprint's diagram: positions of the stages and paths of the arrows, in SVG units. Pure. */
import type { Blueprint } from "@/shared/api/types";

type BlueprintStage = Blueprint["stages"][number];
type BlueprintTransition = Blueprint["transitions"][number];

export interface Box {
  stage: BlueprintStage;
  x: number;
  y: number;
}

interface Label {
  x: number;
  y: number;
  anchor: "start" | "middle";
}

interface ArrowPath {
  kind: "forward" | "back" | "lost" | "reopen";
  d: string;
  label: Label;
}

export interface Arrow extends Omit<ArrowPath, "label"> {
  transition: BlueprintTransition;
  from: string;
  /** Only the first arrow of a transition is labelled. */
  label: Label | null;
}

export interface DiagramLayout {
  width: number;
  height: number;
  boxes: Box[];
  arrows: Arrow[];
}

export const BOX = { width: 148, height: 72 };
const GAP = 96;
const MARGIN = 12;
const LEVEL = 34;
const LOST_ROW_GAP = 56;
const MAX_BACK_LEVELS = 3;

/**
 * The stages form a row, with those of lost deals below. An arrow to the next stage is straight; one that skips stages
 * is an arc above the row, one that goes back an arc below.
 */
export function diagramLayout(blueprint: Pick<Blueprint, "stages" | "transitions">): DiagramLayout {
  const row = blueprint.stages.filter((stage) => stage.type !== "lost");
  const lost = blueprint.stages.filter((stage) => stage.type === "lost");
  const columns = new Map(row.map((stage, index) => [stage.name, index]));
  const pairs = blueprint.transitions.flatMap((transition) =>
    transition.from.map((from) => ({
      transition,
      from,
      steps: (columns.get(transition.to) ?? Number.NaN) - (columns.get(from) ?? Number.NaN),
    })),
  );
  const forward = Math.max(0, ...pairs.map((pair) => pair.steps).filter((steps) => steps > 1));
  const back = Math.max(0, ...pairs.map((pair) => -pair.steps).filter((steps) => steps > 0));
  const top = MARGIN + 14 + forward * LEVEL;
  const bottom = top + BOX.height + (back > 0 ? 20 + Math.min(back, MAX_BACK_LEVELS) * LEVEL : 0);
  const x = (column: number): number => MARGIN + column * (BOX.width + GAP);
  const width = x(row.length - 1) + BOX.width + MARGIN;
  const lostY = bottom + LOST_ROW_GAP;
  const lostX = (index: number): number => width / 2 - BOX.width / 2 + index * (BOX.width + 24);
  const boxes: Box[] = [
    ...row.map((stage, index) => ({ stage, x: x(index), y: top })),
    ...lost.map((stage, index) => ({ stage, x: Math.max(MARGIN, lostX(index)), y: lostY })),
  ];
  const boxOf = new Map(boxes.map((box) => [box.stage.name, box]));
  const labelled = new Set<string>();
  const arrows = pairs.flatMap(({ transition, from, steps }): Arrow[] => {
    const source = boxOf.get(from);
    const target = boxOf.get(transition.to);
    if (!source || !target) return [];
    const path = arrowPath(source, target, { steps, reopen: transition.reopen, top, back });
    const label = labelled.has(transition.name) ? null : path.label;
    labelled.add(transition.name);
    return [{ ...path, transition, from, label }];
  });
  return { width, height: (lost.length ? lostY + BOX.height : bottom) + MARGIN, boxes, arrows };
}

interface ArrowOptions {
  /** Stages forward (positive) or back (negative). */
  steps: number;
  reopen: boolean;
  /** The upper edge of the row. */
  top: number;
  /** The longest way back in the diagram. */
  back: number;
}

const centre = (box: Box): number => box.x + BOX.width / 2;

function arrowPath(source: Box, target: Box, { steps, reopen, top, back }: ArrowOptions): ArrowPath {
  const bottom = top + BOX.height;
  if (target.stage.type === "lost") return lostPath(source, target, bottom);
  if (source.stage.type === "lost") return reopenPath(source, target, bottom);
  if (steps === 1) {
    const y = top + BOX.height / 2;
    const start = source.x + BOX.width;
    return {
      kind: "forward",
      d: `M${start} ${y}H${target.x}`,
      label: { x: (start + target.x) / 2, y: y - 8, anchor: "middle" },
    };
  }
  if (steps > 1) {
    const [from, to] = [centre(source), centre(target)];
    const y = top - 14 - (steps - 1) * LEVEL;
    return {
      kind: "forward",
      d: `M${from} ${top}C${from} ${y} ${to} ${y} ${to} ${top}`,
      label: { x: (from + to) / 2, y: y + 14, anchor: "middle" },
    };
  }
  const [from, to] = [centre(source) - 18, centre(target) - 18];
  const depth = bottom + 16 + Math.min(-steps, Math.max(1, back), MAX_BACK_LEVELS) * LEVEL;
  return {
    kind: reopen ? "reopen" : "back",
    d: `M${from} ${bottom}C${from} ${depth} ${to} ${depth} ${to} ${bottom}`,
    label: { x: (from + to) / 2, y: depth - 14, anchor: "middle" },
  };
}

function lostPath(source: Box, target: Box, bottom: number): ArrowPath {
  const y = target.y - 20;
  const into = centre(target) + (centre(source) - centre(target)) * 0.1;
  return {
    kind: "lost",
    d: `M${centre(source) + 18} ${bottom}V${y}H${into}V${target.y}`,
    label: { x: centre(source) + 26, y: y - 8, anchor: "start" },
  };
}

/** From a lost stage back into the row: upwards where the target is right above, else around the side. */
function reopenPath(source: Box, target: Box, bottom: number): ArrowPath {
  const into = centre(target) + BOX.width / 2 - 20;
  if (into > source.x && into < source.x + BOX.width + 30) {
    const from = Math.min(into, source.x + BOX.width - 20);
    return {
      kind: "reopen",
      d: `M${from} ${source.y}V${source.y - 26}H${into}V${bottom}`,
      label: { x: into + 8, y: source.y - 34, anchor: "start" },
    };
  }
  const toRight = into > source.x;
  const side = toRight ? source.x + BOX.width : source.x;
  const y = source.y + BOX.height / 2;
  return {
    kind: "reopen",
    d: `M${side} ${y}H${into}V${bottom}`,
    label: { x: (toRight ? side : into) + 10, y: y - 8, anchor: "start" },
  };
}
