"""`/v1/kpis`: what measures there are, their figures, the facts behind them, and how they come about."""
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from chassis.http.responses import paged
from chassis.http.routing import Paged, Problem, answer, decode_cursor, encode_cursor, page
from services.kpi.api import schemas
from services.kpi.api.schemas import Explanation, FactRecord, Figures, FiguresList
from services.kpi.queries import Desk, Question, answered, described, measure_of, question, records

Text = Annotated[str | None, Query(max_length=200)]
Texts = Annotated[list[str] | None, Query()]


class KpiQuery(BaseModel):
    """One question in a body: as the parameters of `GET /v1/kpis/{measure}`."""

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

    def words(self) -> dict[str, Any]:
        return {**self.model_dump(exclude={"measure", "from_"}), "from": self.from_}


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["kpi"])
    catalogue = desk.catalogue

    def ask(name: str, words: Mapping[str, Any]) -> Question:
        return question(catalogue, desk.calendar, name, words, desk.today())

    @routes.get("/v1/kpis", response_model=paged(schemas.Measure), summary="The measures of this installation")
    async def measures(request: Request) -> Response:
        return page(request, [described(m, catalogue) for m in catalogue.listed()], None)

    @routes.post("/v1/kpis/query", response_model=FiguresList,
                 summary="Several questions at once, answered from one state of the figures")
    async def query(questions: list[KpiQuery]) -> Response:
        if not 1 <= len(questions) <= 50:
            raise Problem(422, "invalid", "Ask from 1 to 50 questions at once.")
        asked = [ask(q.measure, q.words()) for q in questions]
        reader = await desk.reader()
        fresh = await freshness(desk)
        return answer({"items": [{**await answered(desk, reader, q), **fresh, "next": None} for q in asked]})

    @routes.get("/v1/kpis/{measure}", response_model=Figures,
                summary="Figures of a measure by period and dimension, with comparisons")
    async def kpi(
        measure: str, request: Request, paged: Paged, from_: Annotated[str | None, Query(alias="from")] = None,
        to: Text = None, period: Text = None, grain: Text = None, by: Texts = None, where: Texts = None,
        compare: Texts = None, known_at: Text = None, currency: Text = None,
    ) -> Response:
        q = ask(measure, {"from": from_, "to": to, "period": period, "grain": grain, "by": by, "where": where,
                          "compare": compare, "known_at": known_at, "currency": currency})
        fresh = await freshness(desk)
        made = await answered(desk, await desk.reader(), q)
        start = int(decode_cursor(paged.cursor, int)[0]) if paged.cursor else 0
        rows = made.pop("rows")
        end = start + paged.limit
        cursor = encode_cursor(end) if end < len(rows) else None
        return answer({**made, **fresh, "rows": rows[start:end], "next": cursor})

    @routes.get("/v1/kpis/{measure}/records", response_model=paged(FactRecord), summary="The facts behind a figure")
    async def behind(
        measure: str, request: Request, paged: Paged, from_: Annotated[str | None, Query(alias="from")] = None,
        to: Text = None, period: Text = None, where: Texts = None,
    ) -> Response:
        q = ask(measure, {"from": from_, "to": to, "period": period, "where": where, "grain": "total"})
        items, cursor = await records(desk, q, paged.cursor, paged.limit)
        return page(request, items, cursor)

    @routes.get("/v1/kpis/{measure}/explain", response_model=Explanation,
                summary="How a measure comes about: formula, facts, freshness")
    async def explain(measure: str) -> Response:
        found = measure_of(catalogue, measure)
        under = catalogue.basis_of(found)
        parts = [catalogue.measures[n] for n in dict.fromkeys((*under.numerator, *under.denominator))] or [under]
        return answer({
            **described(found, catalogue), **await freshness(desk), "generation": desk.context.generation,
            "zone": catalogue.zone.key, "numerator": list(under.numerator), "denominator": list(under.denominator),
            "counts": [{"measure": m.name, "definition": m.ref, "formula": m.formula,
                        "rows": [s.row for s in m.sources]} for m in parts],
        })

    return routes


async def freshness(desk: Desk) -> dict[str, Any]:
    settled = await desk.context.settled()
    return {"as_of": desk.context.now(), "complete_until": settled["complete_until"]}
