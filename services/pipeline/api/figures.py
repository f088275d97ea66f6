"""The board, funnels, and what waits for a person."""
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from chassis.http.routing import Problem, answer, not_found, not_in_this_release
from chassis.ports import Between
from chassis.service.context import Context, Entity
from services.pipeline.api.common import blueprint_of, book_of, item
from services.pipeline.api.moves import shown
from services.pipeline.api.schemas import DealBoard, DealsWaiting, Funnel
from services.pipeline.definitions import Blueprint
from services.pipeline.queries.deals import board, columns, conditions, every
from services.pipeline.queries.funnel import Period, funnel, journey
from services.pipeline.state import local_day


def router(context: Context) -> APIRouter:
    made, book = APIRouter(), book_of(context)

    def chosen(business_line: str | None, pipeline: str | None) -> list[Blueprint]:
        if business_line is not None and business_line not in book.lines:
            raise not_found("business line", business_line)
        if pipeline is not None and pipeline not in book.pipelines:
            raise not_found("pipeline", pipeline)
        return [b for b in book.pipelines.values() if business_line in (None, b.line) and pipeline in (None, b.name)]

    @made.get("/opportunities/board", response_model=DealBoard)
    async def the_board(
        business_line: str | None = None, pipeline: str | None = None, rep_id: str | None = None,
        region: str | None = None, team: str | None = None,
    ) -> Response:
        shown_here = chosen(business_line, pipeline)
        groups = await board(context, conditions(
            business_line=business_line, pipeline=pipeline, rep_id=rep_id, region=region, team=team))
        return answer({"columns": columns(shown_here, groups)})

    @made.get("/funnels/{pipeline}", response_model=Funnel)
    async def the_funnel(
        pipeline: str, from_: Annotated[date | None, Query(alias="from")] = None, to: date | None = None,
        mode: Literal["cohort", "throughput"] = "cohort", region: str | None = None, team: str | None = None,
        rep_id: str | None = None,
    ) -> Response:
        (blueprint,) = chosen(None, pipeline)
        if from_ is not None and to is not None and to <= from_:
            raise Problem(400, "bad_period", "`to` is exclusive and lies after `from`.")
        opened_on = within(from_, to) if mode == "cohort" else None
        found = [journey(blueprint, e.state)
                 async for e in every(context, conditions(
                     pipeline=pipeline, opened_on=opened_on, region=region, team=team, rep_id=rep_id))]
        stages = funnel(blueprint, found, Period(from_, to, context.zone), mode)
        return answer({"pipeline": pipeline, "mode": mode, "from": from_, "to": to, "stages": stages})

    @made.get("/forecasts/{pipeline}", status_code=501)
    async def forecast(pipeline: str) -> Response:
        raise not_in_this_release("forecasts")

    @made.get("/worklist", response_model=DealsWaiting)
    async def worklist(rep_id: str) -> Response:
        found = [e async for e in every(context, conditions(rep_id=rep_id, status="open"))]
        return answer({"rep_id": rep_id, **sorted_by_urgency(context, found)})

    return made


def within(low: date | None, high: date | None) -> Between | None:
    if low is None and high is None:
        return None
    return Between(None if low is None else low.isoformat(), None if high is None else high.isoformat())


def sorted_by_urgency(context: Context, deals: list[Entity]) -> dict[str, list[dict[str, Any]]]:
    """Overdue, due today in the company's zone, and the others with what can be done next; most urgent first."""
    made: dict[str, list[dict[str, Any]]] = {"overdue": [], "due_today": [], "next": []}
    now = context.now()
    for entity in deals:
        state, blueprint = entity.state, blueprint_of(context, entity)
        missed = [b.at for b in state.breaches if b.entered_at == state.entered_at]
        due = min([*missed, *(d.at for d in state.dues)], default=None)
        steps = [shown(blueprint, state, t, now) for t in blueprint.leaving(state.deal.stage)]
        place = "next" if due is None else "overdue" if due <= now else (
            "due_today" if local_day(due, context.zone) == local_day(now, context.zone) else "next")
        made[place].append({**item(entity), "due_at": due, "transitions": [
            {"name": s["name"], "to": s["to"], "allowed": s["allowed"], "reasons": s["reasons"]} for s in steps]})
    for rows in made.values():
        rows.sort(key=lambda row: (row["due_at"] is None, row["due_at"] or now, row["opportunity_id"]))
    return made
