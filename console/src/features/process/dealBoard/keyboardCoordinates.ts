import type { KeyboardCoordinateGetter } from "@dnd-kit/core";

/** The left and right arrow keys move a dragged deal by one column. */
export const columnCoordinates: KeyboardCoordinateGetter = (event, { context, currentCoordinates }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.code];
  if (step === undefined) return undefined;
  event.preventDefault();
  const columns = [...context.droppableRects]
    .map(([id, rect]) => ({ id, rect }))
    .sort((a, b) => a.rect.left - b.rect.left);
  const width = context.collisionRect?.width ?? 0;
  const centre = (context.collisionRect?.left ?? currentCoordinates.x) + width / 2;
  const current = nearestIndex(
    columns.map((column) => column.rect.left + column.rect.width / 2),
    centre,
  );
  const target = columns[current + step];
  if (!target) return undefined;
  context.droppableContainers.get(target.id)?.node.current?.scrollIntoView({ inline: "nearest", block: "nearest" });
  const from = columns[current]?.rect.left ?? 0;
  return { x: currentCoordinates.x + target.rect.left - from, y: currentCoordinates.y };
};

export function nearestIndex(values: readonly number[], target: number): number {
  const distance = (index: number): number => Math.abs((values[index] ?? Infinity) - target);
  return values.reduce((nearest, _, index) => (distance(index) < distance(nearest) ? index : nearest), 0);
}
