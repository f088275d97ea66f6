"""Routes of reports over deals: the board, funnels, the worklist."""
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from chassis.http.problems import ProblemError, not_found, not_in_this_release
from chassis.http.routing import json_response
from chassis.ports import Between
from chassis.service.context import Entity, ServiceContext
from services.pipeline.api.deal_access import blueprint_of, book_of, deal_body
from services.pipeline.api.schemas import DealBoard, Funnel, RepWorklist
from services.pipeline.api.transitions import transition_body
from services.pipeline.definitions.model import BlueprintDefinition
from services.pipeline.queries.deals import all_deals, board_columns, conditions, count_by_stage
from services.pipeline.queries.funnel import FunnelPeriod, funnel_stages, journey
from services.pipeline.state.index import local_day
from services.pipeline.state.model import due_at


def router(context: ServiceContext) -> APIRouter:
    routes, book = APIRouter(prefix="/v1", tags=["pipeline"]), book_of(context)

    def selected(business_line: str | None, pipeline: str | None) -> list[BlueprintDefinition]:
        if business_line is not None and business_line not in book.lines:
            raise not_found("business line", business_line)
        if pipeline is not None and pipeline not in book.pipelines:
            raise not_found("pipeline", pipeline)
        return [b for b in book.pipelines.values() if business_line in (None, b.line) and pipeline in (None, b.name)]

    @routes.get("/opportunities/board", response_model=DealBoard)
    async def board(
        business_line: str | None = None, pipeline: str | None = None, rep_id: str | None = None,
        region: str | None = None, team: str | None = None,
    ) -> Response:
        blueprints = selected(business_line, pipeline)
        groups = await count_by_stage(context, conditions(
            business_line=business_line, pipeline=pipeline, rep_id=rep_id, region=region, team=team))
        return json_response({"columns": board_columns(blueprints, groups)})

    @routes.get("/funnels/{pipeline}", response_model=Funnel)
    async def funnel(
        pipeline: str, from_: Annotated[date | None, Query(alias="from")] = None, to: date | None = None,
        mode: Literal["cohort", "throughput"] = "cohort", region: str | None = None, team: str | None = None,
        rep_id: str | None = None,
    ) -> Response:
        (blueprint,) = selected(None, pipeline)
        if from_ is not None and to is not None and to <= from_:
            raise ProblemError(400, "bad_period", "to must be after from; to itself is excluded")
        opened_on = _days(from_, to) if mode == "cohort" else None
        journeys = [journey(blueprint, e.state)
                    async for e in all_deals(context, conditions(
                        pipeline=pipeline, opened_on=opened_on, region=region, team=team, rep_id=rep_id))]
        stages = funnel_stages(blueprint, journeys, FunnelPeriod(from_, to, context.zone), mode)
        return json_response({"pipeline": pipeline, "mode": mode, "from": from_, "to": to, "stages": stages})

    @routes.get("/forecasts/{pipeline}", status_code=501)
    async def forecast(pipeline: str) -> Response:
        raise not_in_this_release("forecasts")

    @routes.get("/worklist", response_model=RepWorklist)
    async def worklist(rep_id: str) -> Response:
        deals = [e async for e in all_deals(context, conditions(rep_id=rep_id, status="open"))]
        return json_response({"rep_id": rep_id, **by_urgency(context, deals)})

    return routes


def _days(low: date | None, high: date | None) -> Between | None:
    if low is None and high is None:
        return None
    return Between(None if low is None else low.isoformat(), None if high is None else high.isoformat())


def by_urgency(context: ServiceContext, deals: list[Entity]) -> dict[str, list[dict[str, Any]]]:
    """Overdue, due today in the company's time zone, and the others; each with its transitions, most urgent first."""
    groups: dict[str, list[dict[str, Any]]] = {"overdue": [], "due_today": [], "next": []}
    now = context.now()
    for entity in deals:
        state, blueprint = entity.state, blueprint_of(context, entity)
        due = due_at(state)
        transitions = [transition_body(blueprint, state, t, now) for t in blueprint.leaving(state.deal.stage)]
        group = "next" if due is None else "overdue" if due <= now else (
            "due_today" if local_day(due, context.zone) == local_day(now, context.zone) else "next")
        groups[group].append({**deal_body(entity), "transitions": [
            {"name": t["name"], "to": t["to"], "allowed": t["allowed"], "reasons": t["reasons"]} for t in transitions]})
    for rows in groups.values():
        rows.sort(key=lambda row: (row["due_at"] is None, row["due_at"] or now, row["opportunity_id"]))
    return groups
