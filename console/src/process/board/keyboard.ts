/** With the keyboard a deal goes from column to column, not pixel by pixel. */
import type { KeyboardCoordinateGetter } from "@dnd-kit/core";

export const besides: KeyboardCoordinateGetter = (event, { context, currentCoordinates }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.code];
  if (step === undefined) return undefined;
  event.preventDefault();
  const columns = [...context.droppableRects].map(([id, rect]) => ({ id, rect })).sort((a, b) => a.rect.left - b.rect.left);
  const width = context.collisionRect?.width ?? 0;
  const middle = (context.collisionRect?.left ?? currentCoordinates.x) + width / 2;
  const here = nearest(columns.map((c) => c.rect.left + c.rect.width / 2), middle);
  const target = columns[here + step];
  if (!target) return undefined;
  context.droppableContainers.get(target.id)?.node.current?.scrollIntoView({ inline: "nearest", block: "nearest" });
  const from = columns[here]?.rect.left ?? 0;
  return { x: currentCoordinates.x + target.rect.left - from, y: currentCoordinates.y };
};

/** The place of the value that is closest. */
export function nearest(values: readonly number[], to: number): number {
  return values.reduce((best, value, i) => (Math.abs(value - to) < Math.abs((values[best] ?? Infinity) - to) ? i : best), 0);
}
