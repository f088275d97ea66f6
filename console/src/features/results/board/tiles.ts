/** The arrangement of a board's tiles. Pure. */
import type { Tile } from "@/shared/api/types";

/** Headlines (one figure, not split) come first; breakdowns and trends follow. */
export function splitTiles(tiles: readonly Tile[]): { headlines: Tile[]; others: Tile[] } {
  const isHeadline = (tile: Tile): boolean => tile.grain === "total" && tile.by.length === 0;
  return { headlines: tiles.filter(isHeadline), others: tiles.filter((tile) => !isHeadline(tile)) };
}

/** The number of columns, at most `maximum`, with which the last row is about as full as the others. */
export function balancedColumns(count: number, maximum: number): number {
  const rows = Math.max(1, Math.ceil(count / maximum));
  return Math.max(1, Math.ceil(count / rows));
}
