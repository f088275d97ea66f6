"""HTTP: leads and their scores. What is written here becomes an event on its topic, as if an enterprise had said it."""
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import AwareDatetime

from chassis.http.responses import paged
from chassis.http.routing import Fault, Paged, Problem, Write, WriteRequest, answer, etag, not_found, page
from chassis.messages.codec import Invalid, validate_rest
from chassis.ports import AnyOf, Condition
from chassis.service.context import Context, Entity, HistoryRow
from contracts.crm import ActivityLogged, LeadCaptured, LeadConverted, LeadRevised
from services.lead_scoring.api import schemas
from services.lead_scoring.api.explanation import explained
from services.lead_scoring.api.schemas import ActivityAccepted, LeadAccepted, LeadScore
from services.lead_scoring.definitions import Scorecards
from services.lead_scoring.state import Lead, view

T = TypeVar("T")
Json = Annotated[dict[str, Any], Body()]
Ids = Annotated[list[str] | None, Query(max_length=100, description="These and no others, those that are known")]
Sort = Literal["score", "-score", "captured_at", "-captured_at"]
LISTED = ("open", "qualified", "converted", "lost", "merged")
SCORED = "crm.lead.scored.v1"
LABELS = ("business_line", "region", "team", "rep_id", "product_id", "campaign_id", "source")
AHEAD = timedelta(hours=24)


def router(context: Context) -> APIRouter:
    routes = APIRouter(tags=["leads"])
    _reads(routes, context)
    _writes(routes, context)
    return routes


def _reads(routes: APIRouter, context: Context) -> None:
    cards: Scorecards = context.parts.extra

    @routes.get("/v1/leads", response_model=paged(schemas.Lead))
    async def leads(
        request: Request, paged: Paged, business_line: str | None = None, grade: str | None = None,
        status: str | None = None, rep_id: str | None = None, source: str | None = None,
        campaign_id: str | None = None, region: str | None = None, team: str | None = None, id: Ids = None,
        q: Annotated[str | None, Query(max_length=128, description="How the id begins; alone, one page")] = None,
        sort: Annotated[Sort, Query()] = "-score", updated_since: AwareDatetime | None = None,
    ) -> Response:
        """Leads by business line, grade, status, rep, place, source or campaign, the highest score first; or by ids."""
        if q is not None:
            begun = await context.begins("lead", q, limit=paged.limit)
            return page(request, [shown(e.state) for e in begun if e.state.status in LISTED], None)
        if id is not None:
            known = await context.read_many("lead", list(dict.fromkeys(id)))
            return page(request, [shown(e.state) for e in known.values() if e.state.status in LISTED], None)
        asked = {"business_line": business_line, "grade": grade, "rep_id": rep_id, "source": source,
                 "campaign_id": campaign_id, "region": region, "team": team}
        where: dict[str, Condition] = {name: held for name, held in asked.items() if held is not None}
        where["status"] = AnyOf(LISTED) if status is None else status
        found = await context.find(
            "lead", where, order=sort.lstrip("-"), descending=sort.startswith("-"), after=paged.cursor,
            limit=paged.limit, updated_since=updated_since,
        )
        return page(request, [shown(e.state) for e in found.items], found.next)

    @routes.get("/v1/leads/{lead_id}", response_model=schemas.Lead)
    async def lead(lead_id: str) -> Response:
        """One lead as it now stands."""
        entity = await _captured(context, lead_id)
        return answer(shown(entity.state), headers=etag(entity.rev))

    @routes.get("/v1/leads/{lead_id}/score", response_model=LeadScore)
    async def score(lead_id: str) -> Response:
        """The score with its reasons, and the scores before."""
        entity = await _captured(context, lead_id)
        rows = [row for row in await context.history("lead", lead_id, limit=500) if row.type == SCORED]
        past = [{"at": row.time, **{k: row.data.get(k) for k in ("score", "grade", "model")}} for row in rows]
        return answer({**scored(entity.state, cards), "history": past}, headers=etag(entity.rev))

    @routes.get("/v1/leads/{lead_id}/history", response_model=paged(HistoryRow))
    async def history(request: Request, lead_id: str, paged: Paged) -> Response:
        """What was said of the lead, in order."""
        await _captured(context, lead_id)
        after = _sequence(paged.cursor)
        rows = await context.history("lead", lead_id, after=after, limit=paged.limit)
        more = str(rows[-1].sequence) if len(rows) == paged.limit else None
        return page(request, [
            {"sequence": r.sequence, "id": r.id, "type": r.type, "time": r.time, "data": dict(r.data)} for r in rows
        ], more)


def _writes(routes: APIRouter, context: Context) -> None:
    @routes.post("/v1/leads", response_model=LeadAccepted, status_code=202)
    async def capture(body: Json, write: Write) -> Response:
        """Say `crm.lead.captured.v1`; a read may answer 404 until it is heard."""
        time = _time(context, body)
        event = _valid(LeadCaptured, {"lead_id": _made(write), **body})
        await _say(context, event, time, write)
        return _accepted({"lead_id": event.lead_id}, f"/v1/leads/{event.lead_id}")

    @routes.patch("/v1/leads/{lead_id}", response_model=LeadAccepted, status_code=202)
    async def revise(lead_id: str, body: Json, write: Write) -> Response:
        """Say `crm.lead.revised.v1`: fields merge (RFC 7396), null removes one."""
        write.require_match()
        time = _time(context, body)
        event = _valid(LeadRevised, {**body, "lead_id": lead_id})
        entity = await _captured(context, lead_id)
        if entity.rev != write.if_match:
            raise Problem(412, "stale", "The lead has changed since; read it again.", headers=etag(entity.rev))
        await _say(context, event, time, write)
        return _accepted({"lead_id": lead_id}, f"/v1/leads/{lead_id}")

    @routes.post("/v1/leads/{lead_id}/convert", response_model=LeadAccepted, status_code=202)
    async def convert(lead_id: str, body: Json, write: Write) -> Response:
        """Say `crm.lead.converted.v1`."""
        time = _time(context, body)
        event = _valid(LeadConverted, {**body, "lead_id": lead_id})
        await _captured(context, lead_id)
        await _say(context, event, time, write)
        return _accepted({"lead_id": lead_id}, f"/v1/leads/{lead_id}")

    @routes.post("/v1/activities", response_model=ActivityAccepted, status_code=202)
    async def log(body: Json, write: Write) -> Response:
        """Say `crm.activity.logged.v1`: about a lead, an opportunity or a customer."""
        time = _time(context, body)
        event = _valid(ActivityLogged, {"activity_id": _made(write), **body})
        await _say(context, event, time, write)
        return _accepted({"activity_id": event.activity_id})


# --- what is shown ---------------------------------------------------------------------------------------------------


def shown(lead: Lead) -> dict[str, Any]:
    now = lead.scored
    return {
        "lead_id": lead.lead_id, "status": lead.status, "captured_at": lead.captured_at,
        **dict.fromkeys(LABELS), **view(lead),
        "score": now and now.score, "grade": now and now.grade, "fit": now and now.fit,
        "engagement": now and now.engagement, "model": lead.model or None, "closed_at": lead.closed_at,
        "customer_id": lead.customer_id, "opportunity_id": lead.opportunity_id, "merged_into": lead.merged_into,
        "loss_reason": lead.loss_reason,
    }


def scored(lead: Lead, cards: Scorecards) -> Mapping[str, Any]:
    """Without a scorecard for its business line a lead has no score: null, and the reason."""
    if lead.scored is None:
        return {"lead_id": lead.lead_id, "score": None, "reason": "no_scorecard"}
    now: dict[str, Any] = msgspec.to_builtins(lead.scored)
    card = cards.version(lead.scored.model)
    why = [explained(c, card) for c in lead.scored.contributions]
    return {"lead_id": lead.lead_id, "qualified": lead.qualified, **now, "contributions": why}


async def _captured(context: Context, lead_id: str) -> Entity:
    entity = await context.read("lead", lead_id)
    if entity is None or entity.state.status in ("unknown", "erased"):
        raise not_found("lead", lead_id)
    return entity


def _sequence(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 18:
        raise Problem(400, "bad_cursor", "The cursor is not one that this list gave out.")
    return int(cursor)


# --- what is said ----------------------------------------------------------------------------------------------------


def _valid(cls: type[T], body: Mapping[str, Any]) -> T:
    try:
        return validate_rest(cls, body)
    except Invalid as invalid:
        faults = [Fault(f.code, f.pointer, f.message) for f in invalid.faults]
        raise Problem(422, "invalid", "The request does not have the form that is asked for.", faults) from None


def _time(context: Context, body: dict[str, Any]) -> datetime:
    """When it happened: `occurred_at` of the body (taken out of it), else now."""
    if (text := body.pop("occurred_at", None)) is None:
        return context.now()
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        time = None
    if time is None or time.tzinfo is None:
        raise _bad_time("is a time as RFC 3339 writes it, with its offset")
    if time > context.now() + AHEAD:
        raise _bad_time("lies more than 24 hours ahead")
    return time.astimezone(UTC)


def _bad_time(message: str) -> Problem:
    return Problem(422, "invalid", "The time cannot be used.", [Fault("invalid", "/occurred_at", message)])


def _made(write: WriteRequest) -> str:
    """An id for what came without one: the same key of the same principal gives the same id."""
    if write.idempotency_key is None:
        return uuid4().hex
    return uuid5(NAMESPACE_URL, f"triptych:{write.principal}:{write.idempotency_key}").hex


async def _say(context: Context, event: Any, time: datetime, write: WriteRequest) -> None:
    id = write.idempotency_key or uuid4().hex
    await context.say(event, time=time, source=write.principal, id=id)


def _accepted(content: Mapping[str, Any], location: str | None = None) -> Response:
    return answer(content, 202, {"Location": location} if location else None)
