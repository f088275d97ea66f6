import { getRouteApi, Link } from "@tanstack/react-router";
import { type CSSProperties, useMemo } from "react";
import { useGet } from "@/shared/api/queries";
import type { Tile } from "@/shared/api/types";
import { useTitle, useTranslate } from "@/shared/i18n";
import { toConditions, useFilters } from "@/shared/routing/rootRoute";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { CompleteUntil } from "@/shared/ui/primitives";
import { EmptyState, LoadingState, QueryView } from "@/shared/ui/queryStates";
import { COMPARISONS } from "../ComparisonText";
import { PeriodText } from "../PeriodText";
import { BreakdownTile } from "./BreakdownTile";
import { HeadlineTile } from "./HeadlineTile";
import { TrendTile } from "./TrendTile";
import { balancedColumns, splitTiles } from "./tiles";
import "../results.css";

const DEFAULT_BOARD = "revenue";
const MAX_COLUMNS = 4;
const MAX_COLUMNS_WIDE = 7;
const route = getRouteApi("/results/boards/$name");

/** The default board, else the first one of the installation. */
export function BoardPage() {
  const boards = useGet("/v1/boards").data?.items;
  const exists = !boards || boards.some((board) => board.name === DEFAULT_BOARD);
  return <Board name={exists ? DEFAULT_BOARD : (boards[0]?.name ?? DEFAULT_BOARD)} />;
}

export function NamedBoardPage() {
  return <Board name={route.useParams().name} />;
}

function Board({ name }: { name: string }) {
  const t = useTranslate();
  const title = useTitle();
  const filters = useFilters();
  const where = useMemo(() => toConditions(filters), [filters]);
  const boards = useGet("/v1/boards").data?.items ?? [];
  const query = useGet(
    "/v1/boards/{name}",
    { path: { name }, query: { period: filters.period, where, compare: COMPARISONS } },
    { keepPrevious: true },
  );
  const board = query.data?.name === name ? query.data : undefined;
  const boardTitle = board?.title ?? boards.find((one) => one.name === name)?.title;
  return (
    <PageLayout
      title={title(boardTitle, name)}
      subtitle={
        board ? (
          <>
            <PeriodText row={board.tiles.find((tile) => tile.grain === "total")?.rows[0]} period={filters.period} /> ·{" "}
            <CompleteUntil at={board.complete_until} />
          </>
        ) : (
          " "
        )
      }
      tabs={
        <nav className="tabs no-print" aria-label={t("results.boards")}>
          {boards.length === 0 && <span>&nbsp;</span>}
          {boards.map((one) => (
            <Link
              key={one.name}
              to="/results/boards/$name"
              params={{ name: one.name }}
              aria-current={one.name === name ? "page" : undefined}
            >
              {title(one.title, one.name)}
            </Link>
          ))}
        </nav>
      }
      filters={<FilterBar />}
    >
      {board ? (
        <Tiles name={name} tiles={board.tiles} where={where} period={filters.period} />
      ) : query.isError ? (
        <QueryView query={query}>{() => null}</QueryView>
      ) : (
        <LoadingState rows={4} height="6rem" />
      )}
    </PageLayout>
  );
}

interface TilesProps {
  name: string;
  tiles: Tile[];
  where: readonly string[];
  period: string | undefined;
}

function Tiles({ name, tiles, where, period }: TilesProps) {
  const t = useTranslate();
  const { headlines, others } = splitTiles(tiles);
  if (tiles.every((tile) => tile.reason === "beyond_scope")) return <EmptyState title={t("results.outOfScope")} />;
  const columns = {
    "--columns-normal": balancedColumns(headlines.length, MAX_COLUMNS),
    "--columns-wide": balancedColumns(headlines.length, MAX_COLUMNS_WIDE),
  } as CSSProperties;
  return (
    <>
      <div className="headlines" style={columns}>
        {headlines.map((tile) => (
          <HeadlineTile key={tile.measure} tile={tile} where={where} />
        ))}
      </div>
      <div className="tiles">
        {others.map((tile) => {
          const key = `${name} ${tile.measure} ${tile.grain} ${tile.by.join()}`;
          return tile.grain === "total" ? (
            <BreakdownTile key={key} tile={tile} where={where} period={period} />
          ) : (
            <TrendTile key={key} tile={tile} where={where} />
          );
        })}
      </div>
    </>
  );
}
