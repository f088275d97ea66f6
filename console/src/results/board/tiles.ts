import type { Tile } from "@/api/shapes";

/** What a tile's figure is divided by. */
export function dividedBy(tile: Tile): string[] {
  return tile.by;
}

/** Headlines stand first; what divides them, and how they went, below. */
export function arranged(tiles: readonly Tile[]): { headlines: Tile[]; rest: Tile[] } {
  const headline = (tile: Tile): boolean => tile.grain === "total" && dividedBy(tile).length === 0;
  return { headlines: tiles.filter(headline), rest: tiles.filter((tile) => !headline(tile)) };
}

/** How many headlines stand beside each other, so that the last row is about as full as the others. */
export function balanced(n: number, most: number): number {
  return Math.max(1, Math.ceil(n / Math.max(1, Math.ceil(n / most))));
}
