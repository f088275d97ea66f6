"""Routes that read leads: lists, one lead, its score with reasons, its history."""
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from chassis.http.history import history_page
from chassis.http.problems import not_found
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, etag, json_response, page_response
from chassis.ports import AnyOf, Condition
from chassis.service.context import Entity, HistoryRow, ServiceContext
from services.lead_scoring.api.schemas import Lead, LeadScore
from services.lead_scoring.api.score_explanation import contribution_body
from services.lead_scoring.definitions.scorecard import Scorecards
from services.lead_scoring.state.model import LeadState, field_values

Ids = Annotated[list[str] | None, Query(max_length=100, description="Only these, as far as they exist")]
Sort = Literal["score", "-score", "captured_at", "-captured_at"]
LISTED = ("open", "qualified", "converted", "lost", "merged")
SCORED = "crm.lead.scored.v1"
LABELS = ("business_line", "region", "team", "rep_id", "product_id", "campaign_id", "source")


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    scorecards: Scorecards = context.components.extra

    @routes.get("/v1/leads", response_model=page_schema(Lead))
    async def leads(
        request: Request, paged: Paged, business_line: str | None = None, grade: str | None = None,
        status: str | None = None, rep_id: str | None = None, source: str | None = None,
        campaign_id: str | None = None, region: str | None = None, team: str | None = None, id: Ids = None,
        q: Annotated[str | None, Query(max_length=128, description="Prefix of the id, alone; one page")] = None,
        sort: Annotated[Sort, Query()] = "-score", updated_since: AwareDatetime | None = None,
    ) -> Response:
        """Leads by business line, grade, status, rep, region, team, source or campaign; or by ids."""
        if q is not None:
            matches = await context.find_by_prefix("lead", q, limit=paged.limit)
            return page_response(request, [lead_body(e.state) for e in matches if e.state.status in LISTED], None)
        if id is not None:
            known = await context.get_many("lead", list(dict.fromkeys(id)))
            return page_response(
                request, [lead_body(e.state) for e in known.values() if e.state.status in LISTED], None)
        filters = {"business_line": business_line, "grade": grade, "rep_id": rep_id, "source": source,
                   "campaign_id": campaign_id, "region": region, "team": team}
        where: dict[str, Condition] = {name: value for name, value in filters.items() if value is not None}
        where["status"] = AnyOf(LISTED) if status is None else status
        page = await context.find(
            "lead", where, order=sort.lstrip("-"), descending=sort.startswith("-"), after=paged.cursor,
            limit=paged.limit, updated_since=updated_since,
        )
        return page_response(request, [lead_body(e.state) for e in page.items], page.next)

    @routes.get("/v1/leads/{lead_id}", response_model=Lead)
    async def lead(lead_id: str) -> Response:
        """One lead in its current state."""
        entity = await lead_or_404(context, lead_id)
        return json_response(lead_body(entity.state), headers=etag(entity.rev))

    @routes.get("/v1/leads/{lead_id}/score", response_model=LeadScore)
    async def score(lead_id: str) -> Response:
        """The score with its reasons, and the earlier scores."""
        entity = await lead_or_404(context, lead_id)
        rows = [row for row in await context.history("lead", lead_id, limit=500) if row.type == SCORED]
        past = [{"at": row.time, **{k: row.data.get(k) for k in ("score", "grade", "model")}} for row in rows]
        return json_response({**score_body(entity.state, scorecards), "history": past}, headers=etag(entity.rev))

    @routes.get("/v1/leads/{lead_id}/history", response_model=page_schema(HistoryRow))
    async def history(request: Request, lead_id: str, paged: Paged) -> Response:
        """The published events of the lead, oldest first."""
        await lead_or_404(context, lead_id)
        return await history_page(request, context, "lead", lead_id, paged)


async def lead_or_404(context: ServiceContext, lead_id: str) -> Entity:
    entity = await context.get("lead", lead_id)
    if entity is None or entity.state.status in ("unknown", "erased"):
        raise not_found("lead", lead_id)
    return entity


def lead_body(lead: LeadState) -> dict[str, Any]:
    now = lead.scored
    return {
        "lead_id": lead.lead_id, "status": lead.status, "captured_at": lead.captured_at,
        **dict.fromkeys(LABELS), **field_values(lead),
        "score": now and now.score, "grade": now and now.grade, "fit": now and now.fit,
        "engagement": now and now.engagement, "model": lead.model or None, "closed_at": lead.closed_at,
        "customer_id": lead.customer_id, "opportunity_id": lead.opportunity_id, "merged_into": lead.merged_into,
        "loss_reason": lead.loss_reason,
    }


def score_body(lead: LeadState, scorecards: Scorecards) -> Mapping[str, Any]:
    """A lead whose business line has no scorecard has no score: null, and the reason."""
    if lead.scored is None:
        return {"lead_id": lead.lead_id, "score": None, "reason": "no_scorecard"}
    score: dict[str, Any] = msgspec.to_builtins(lead.scored)
    card = scorecards.version(lead.scored.model)
    contributions = [contribution_body(c, card) for c in lead.scored.contributions]
    return {"lead_id": lead.lead_id, "qualified": lead.qualified, **score, "contributions": contributions}
