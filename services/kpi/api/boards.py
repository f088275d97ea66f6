"""`/v1/boards`: named sets of tiles, each one figure query, declared in `definitions/boards/*.yaml`."""
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.domain.definitions import Definition, FaultReporter
from chassis.http.problems import ProblemError, not_found, not_in_this_release
from chassis.http.responses import page_schema
from chassis.http.routing import json_response, page_response
from services.kpi.api.kpis import freshness
from services.kpi.api.schemas import Board, BoardSummary
from services.kpi.queries import FigureQueries, FigureQuery, answer_query, parse_query
from services.kpi.queries.figures import queryable_dimensions

Text = Annotated[str | None, Query(max_length=200)]
Texts = Annotated[list[str] | None, Query()]
RESERVED = {"health", "targets"}
"""Boards of a later release; an installation may declare its own of the same name."""


def router(queries: FigureQueries) -> APIRouter:
    routes = APIRouter(tags=["kpi"])
    boards = {d.name: d for d in queries.context.definitions.current("boards")}
    for declared in boards.values():
        check_board(declared, queries)

    @routes.get("/v1/boards", response_model=page_schema(BoardSummary), summary="The boards of this installation")
    async def listed(request: Request) -> Response:
        return page_response(request, [{"name": d.name, "title": d.body.get("title"), "definition": d.ref,
                               "measures": [t["measure"] for t in d.body["tiles"]]} for d in boards.values()], None)

    @routes.get("/v1/boards/{name}", response_model=Board,
                summary="A board: its tiles with figures, comparisons, targets")
    async def board(name: str, period: Text = None, where: Texts = None, compare: Texts = None) -> Response:
        definition = boards.get(name)
        if definition is None and name in RESERVED:
            raise not_in_this_release(f"the board {name}")
        if definition is None:
            raise not_found("board", name)
        tile_queries = [(tile, _tile_query(queries, tile, period, where, compare)) for tile in definition.body["tiles"]]
        reader = await queries.reader()
        fresh = await freshness(queries)
        tiles = [{**await answer_query(queries, reader, q), "title": tile.get("title") or q.measure.title}
                 for tile, q in tile_queries]
        return json_response({
            "name": name, "title": definition.body.get("title"), "definition": definition.ref, "period": period,
            **fresh, "tiles": tiles})

    return routes


def _tile_query(
    queries: FigureQueries, tile: Mapping[str, Any], period: str | None, where: list[str] | None,
    compare: list[str] | None,
) -> FigureQuery:
    """The query of a tile, without the filters whose dimensions its measure lacks."""
    measure = queries.catalogue.measures[tile["measure"]]
    allowed = queryable_dimensions(queries.catalogue.basis_of(measure))
    known = [w for w in where or [] if w.partition(":")[0] in allowed or ":" not in w]
    parameters = {"period": period, "grain": tile.get("grain"), "by": tile.get("by"), "where": known,
                  "compare": compare or tile.get("compare")}
    if period is None and "grain" not in tile:
        parameters["period"] = queries.calendar.bucket(queries.today(), "month").label
    return parse_query(queries.catalogue, queries.calendar, measure.name, parameters, queries.today())


def check_board(board: Definition, queries: FigureQueries) -> None:
    """Raises DefinitionError for tiles whose query is invalid: at start-up, not when the board is opened."""
    report = FaultReporter(board)
    for index, tile in enumerate(board.body["tiles"]):
        try:
            _tile_query(queries, tile, None, None, None)
        except ProblemError as problem:
            report.at("tiles", index).add("bad_tile", "{problem}", problem=problem.detail)
    report.raise_if_any()
