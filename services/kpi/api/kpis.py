"""`/v1/kpis`: the measures, their figures, the facts behind them, and how they are computed."""
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from chassis.http.problems import ProblemError
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, decode_cursor, encode_cursor, json_response, page_response
from services.kpi.api import schemas
from services.kpi.api.schemas import Explanation, FactRecord, Figures, FiguresList
from services.kpi.queries import (
    FigureQueries,
    FigureQuery,
    answer_query,
    describe_measure,
    fact_records,
    find_measure,
    parse_query,
)

Text = Annotated[str | None, Query(max_length=200)]
Texts = Annotated[list[str] | None, Query()]


class KpiQuery(BaseModel):
    """One query in a body, with the parameters of `GET /v1/kpis/{measure}`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    measure: str
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    period: str | None = None
    grain: str | None = None
    by: list[str] = []
    where: list[str] = []
    compare: list[str] = []
    known_at: str | None = None
    currency: str | None = None

    def parameters(self) -> dict[str, Any]:
        return {**self.model_dump(exclude={"measure", "from_"}), "from": self.from_}


def router(queries: FigureQueries) -> APIRouter:
    routes = APIRouter(tags=["kpi"])
    catalogue = queries.catalogue

    def parse(name: str, parameters: Mapping[str, Any]) -> FigureQuery:
        return parse_query(catalogue, queries.calendar, name, parameters, queries.today())

    @routes.get("/v1/kpis", response_model=page_schema(schemas.Measure), summary="The measures of this installation")
    async def measures(request: Request) -> Response:
        return page_response(request, [describe_measure(m, catalogue) for m in catalogue.listed()], None)

    @routes.post("/v1/kpis/query", response_model=FiguresList,
                 summary="Several queries at once, from one state of the figures")
    async def query(wanted: list[KpiQuery]) -> Response:
        if not 1 <= len(wanted) <= 50:
            raise ProblemError(422, "invalid", "must be 1 to 50 queries at once.")
        parsed = [parse(q.measure, q.parameters()) for q in wanted]
        reader = await queries.reader()
        fresh = await freshness(queries)
        items = [{**await answer_query(queries, reader, q), **fresh, "next": None} for q in parsed]
        return json_response({"items": items})

    @routes.get("/v1/kpis/{measure}", response_model=Figures,
                summary="Figures of a measure by period and dimension, with comparisons")
    async def kpi(
        measure: str, request: Request, paged: Paged, from_: Annotated[str | None, Query(alias="from")] = None,
        to: Text = None, period: Text = None, grain: Text = None, by: Texts = None, where: Texts = None,
        compare: Texts = None, known_at: Text = None, currency: Text = None,
    ) -> Response:
        q = parse(measure, {"from": from_, "to": to, "period": period, "grain": grain, "by": by, "where": where,
                            "compare": compare, "known_at": known_at, "currency": currency})
        fresh = await freshness(queries)
        answer = await answer_query(queries, await queries.reader(), q)
        start = int(decode_cursor(paged.cursor, int)[0]) if paged.cursor else 0
        rows = answer.pop("rows")
        end = start + paged.limit
        cursor = encode_cursor(end) if end < len(rows) else None
        return json_response({**answer, **fresh, "rows": rows[start:end], "next": cursor})

    @routes.get("/v1/kpis/{measure}/records", response_model=page_schema(FactRecord),
                summary="The facts behind a figure")
    async def records(
        measure: str, request: Request, paged: Paged, from_: Annotated[str | None, Query(alias="from")] = None,
        to: Text = None, period: Text = None, where: Texts = None,
    ) -> Response:
        q = parse(measure, {"from": from_, "to": to, "period": period, "where": where, "grain": "total"})
        items, cursor = await fact_records(queries, q, paged.cursor, paged.limit)
        return page_response(request, items, cursor)

    @routes.get("/v1/kpis/{measure}/explain", response_model=Explanation,
                summary="How a measure is computed: formula, facts, freshness")
    async def explain(measure: str) -> Response:
        compiled = find_measure(catalogue, measure)
        basis = catalogue.basis_of(compiled)
        return json_response({
            **describe_measure(compiled, catalogue), **await freshness(queries),
            "generation": queries.context.generation, "zone": catalogue.zone.key,
            "numerator": list(basis.numerator), "denominator": list(basis.denominator),
            "counts": [{"measure": m.name, "definition": m.ref, "formula": m.formula,
                        "rows": [s.row for s in m.sources]} for m in catalogue.parts_of(compiled)],
        })

    return routes


async def freshness(queries: FigureQueries) -> dict[str, Any]:
    """`complete_until`: events that reached the log until then are counted."""
    progress = await queries.context.freshness()
    return {"as_of": queries.context.now(), "complete_until": progress["complete_until"]}
