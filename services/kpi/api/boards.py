"""`/v1/boards`: named sets of tiles, each one question, declared in `definitions/boards/*.yaml`."""
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.domain.definitions import Definition, DefinitionError
from chassis.http.responses import paged
from chassis.http.routing import answer, not_found, not_in_this_release, page
from services.kpi.api.kpis import freshness
from services.kpi.api.schemas import Board, BoardSummary
from services.kpi.queries import Desk, Question, answered, question
from services.kpi.queries.figures import askable

Text = Annotated[str | None, Query(max_length=200)]
Texts = Annotated[list[str] | None, Query()]
PROMISED = {"health", "targets"}
"""Boards that the public face names; an installation may have its own of the same name."""
TILE_KEYS = {"measure", "title", "grain", "by", "compare"}


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["kpi"])
    boards = {d.name: d for d in desk.context.definitions.current("boards")}
    for one in boards.values():
        check(one, desk)

    @routes.get("/v1/boards", response_model=paged(BoardSummary), summary="The boards of this installation")
    async def listed(request: Request) -> Response:
        return page(request, [{"name": d.name, "title": d.body.get("title"), "definition": d.ref,
                               "measures": [t["measure"] for t in d.body["tiles"]]} for d in boards.values()], None)

    @routes.get("/v1/boards/{name}", response_model=Board,
                summary="A board: its tiles with figures, comparisons, targets")
    async def board(name: str, period: Text = None, where: Texts = None, compare: Texts = None) -> Response:
        found = boards.get(name)
        if found is None and name in PROMISED:
            raise not_in_this_release(f"the board {name}")
        if found is None:
            raise not_found("board", name)
        asked = [(tile, _asked(desk, tile, period, where, compare)) for tile in found.body["tiles"]]
        reader = await desk.reader()
        fresh = await freshness(desk)
        tiles = [{**await answered(desk, reader, q), "title": tile.get("title") or q.measure.title}
                 for tile, q in asked]
        return answer({"name": name, "title": found.body.get("title"), "definition": found.ref, "period": period,
                       **fresh, "tiles": tiles})

    return routes


def _asked(
    desk: Desk, tile: Mapping[str, Any], period: str | None, where: list[str] | None, compare: list[str] | None,
) -> Question:
    """A tile's question; filters that its measure does not know do not concern it."""
    measure = desk.catalogue.measures[tile["measure"]]
    may = askable(desk.catalogue.basis_of(measure))
    known = [w for w in where or [] if w.partition(":")[0] in may or ":" not in w]
    words = {"period": period, "grain": tile.get("grain"), "by": tile.get("by"), "where": known,
             "compare": compare or tile.get("compare")}
    if period is None and "grain" not in tile:
        words["period"] = desk.calendar.bucket(desk.today(), "month").label
    return question(desk.catalogue, desk.calendar, measure.name, words, desk.today())


def check(board: Definition, desk: Desk) -> None:
    """Raises DefinitionError: a board is found wrong at start-up, not when a director opens it."""
    tiles = board.body.get("tiles")
    if not isinstance(tiles, list) or not tiles:
        raise DefinitionError(f"{board.path or board.name}: a board has `tiles`")
    for place, tile in enumerate(tiles, 1):
        where = f"{board.path or board.name}: tile {place}"
        if not isinstance(tile, Mapping) or set(tile) - TILE_KEYS:
            raise DefinitionError(f"{where}: has the keys {', '.join(sorted(TILE_KEYS))}")
        if tile.get("measure") not in desk.catalogue.measures:
            raise DefinitionError(f"{where}: there is no measure {tile.get('measure')!r}")
        _asked(desk, tile, None, None, None)
