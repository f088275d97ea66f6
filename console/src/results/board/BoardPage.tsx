import { Link, useParams } from "@tanstack/react-router";
import { type CSSProperties, useMemo } from "react";
import { useGet } from "@/api/hooks";
import { FilterBar } from "@/frame/FilterBar";
import { asWhere, useFilters } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { When } from "@/ui/small";
import { Answered, Empty, Loading } from "@/ui/states";
import { Span } from "../Span";
import { BreakdownTile } from "./BreakdownTile";
import { HeadlineTile } from "./HeadlineTile";
import { TrendTile } from "./TrendTile";
import { arranged, balanced } from "./tiles";
import "../results.css";

const FIRST = "revenue";

/** A board of the installation: its headlines with what they are compared with, their trend, and how they divide. */
export function BoardPage() {
  const t = useSay();
  const title = useTitle();
  const filters = useFilters();
  const where = useMemo(() => asWhere(filters), [filters]);
  const named = (useParams({ strict: false }) as { name?: string }).name;
  const boards = useGet("/v1/boards");
  const list = boards.data?.items ?? [];
  const name = named ?? (list.some((b) => b.name === FIRST) || !boards.data ? FIRST : (list[0]?.name ?? FIRST));
  const board = useGet("/v1/boards/{name}", { path: { name }, query: { period: filters.period, where, compare: ["previous", "year"] } }, { keep: true });
  const shown = board.data?.name === name ? board.data : undefined;
  return (
    <PageFrame
      title={title(shown?.title ?? list.find((b) => b.name === name)?.title, name)}
      sub={shown ? <><Span row={shown.tiles.find((x) => x.grain === "total")?.rows[0]} period={filters.period} /> · {t("time.fresh", { when: "" })}<When at={shown.complete_until} /></> : " "}
      tabs={<nav className="tabs no-print" aria-label={t("results.boards")}>
        {list.length === 0 && <span>&nbsp;</span>}
        {list.map((b) => <Link key={b.name} to="/results/boards/$name" params={{ name: b.name }} aria-current={b.name === name ? "page" : undefined}>{title(b.title, b.name)}</Link>)}
      </nav>}
      filters={<FilterBar />}
    >
      <Answered query={shown || board.isError ? board : { ...board, data: undefined } as typeof board} loading={<Loading rows={4} height="6rem" />}>
        {({ tiles }) => {
          const { headlines, rest } = arranged(tiles);
          if (tiles.every((tile) => tile.reason === "beyond_scope")) return <Empty title={t("results.beyond")} />;
          return (
            <>
              <div className="headlines" style={{ "--few": balanced(headlines.length, 4), "--many": balanced(headlines.length, 7) } as CSSProperties}>{headlines.map((tile) => <HeadlineTile key={tile.measure} tile={tile} where={where} />)}</div>
              <div className="tiles">
                {rest.map((tile, i) => (tile.grain === "total"
                  ? <BreakdownTile key={`${name}-${i}`} tile={tile} where={where} period={filters.period} />
                  : <TrendTile key={`${name}-${i}`} tile={tile} where={where} />))}
              </div>
            </>
          );
        }}
      </Answered>
    </PageFrame>
  );
}
