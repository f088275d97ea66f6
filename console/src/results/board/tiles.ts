import type { Figures } from "@/api/shapes";
import { labelsOf } from "../figures";

/** What a tile's figure is divided by. */
export function dividedBy(tile: Figures): string[] {
  return tile.by ?? labelsOf(tile.rows[0] ?? { period: "", dimensions: {}, value: null }).map(([name]) => name);
}

/** Headlines stand first; what divides them, and how they went, below. */
export function arranged(tiles: readonly Figures[]): { headlines: Figures[]; rest: Figures[] } {
  const headline = (tile: Figures): boolean => tile.grain === "total" && dividedBy(tile).length === 0;
  return { headlines: tiles.filter(headline), rest: tiles.filter((tile) => !headline(tile)) };
}

/** How many headlines stand beside each other, so that the last row is about as full as the others. */
export function balanced(n: number, most: number): number {
  return Math.max(1, Math.ceil(n / Math.max(1, Math.ceil(n / most))));
}
