"""Routes that write: each publishes the event that an enterprise system would, and answers 202."""
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import APIRouter, Body, Response

from chassis.http.problems import ProblemError
from chassis.http.routing import Write, WriteRequest, etag, json_response
from chassis.messages.codec import InvalidData, validate_rest
from chassis.messages.codec.errors import FieldError
from chassis.service.context import ServiceContext
from contracts.crm import ActivityLogged, LeadCaptured, LeadConverted, LeadRevised
from services.lead_scoring.api.leads import lead_or_404
from services.lead_scoring.api.schemas import ActivityAccepted, LeadAccepted

T = TypeVar("T")
Json = Annotated[dict[str, Any], Body()]
MAX_AHEAD = timedelta(hours=24)


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post("/v1/leads", response_model=LeadAccepted, status_code=202)
    async def capture(body: Json, write: Write) -> Response:
        """Publish `crm.lead.captured.v1`; a read may answer 404 until it is processed."""
        time = _occurred_at(context, body)
        event = _validated(LeadCaptured, {"lead_id": _generated_id(write), **body})
        await _publish(context, event, time, write)
        return _accepted({"lead_id": event.lead_id}, f"/v1/leads/{event.lead_id}")

    @routes.patch("/v1/leads/{lead_id}", response_model=LeadAccepted, status_code=202)
    async def revise(lead_id: str, body: Json, write: Write) -> Response:
        """Publish `crm.lead.revised.v1`: fields merge (RFC 7396), null removes one."""
        write.require_match()
        time = _occurred_at(context, body)
        event = _validated(LeadRevised, {**body, "lead_id": lead_id})
        entity = await lead_or_404(context, lead_id)
        if entity.rev != write.if_match:
            raise ProblemError(412, "stale", "The lead has changed since; read it again", headers=etag(entity.rev))
        await _publish(context, event, time, write)
        return _accepted({"lead_id": lead_id}, f"/v1/leads/{lead_id}")

    @routes.post("/v1/leads/{lead_id}/convert", response_model=LeadAccepted, status_code=202)
    async def convert(lead_id: str, body: Json, write: Write) -> Response:
        """Publish `crm.lead.converted.v1`."""
        time = _occurred_at(context, body)
        event = _validated(LeadConverted, {**body, "lead_id": lead_id})
        await lead_or_404(context, lead_id)
        await _publish(context, event, time, write)
        return _accepted({"lead_id": lead_id}, f"/v1/leads/{lead_id}")

    @routes.post("/v1/activities", response_model=ActivityAccepted, status_code=202)
    async def log(body: Json, write: Write) -> Response:
        """Publish `crm.activity.logged.v1`: about a lead, an opportunity or a customer."""
        time = _occurred_at(context, body)
        event = _validated(ActivityLogged, {"activity_id": _generated_id(write), **body})
        await _publish(context, event, time, write)
        return _accepted({"activity_id": event.activity_id})


def _validated(cls: type[T], body: Mapping[str, Any]) -> T:
    try:
        return validate_rest(cls, body)
    except InvalidData as invalid:
        raise ProblemError(422, "invalid", "Request body is invalid; see errors", invalid.errors) from None


def _occurred_at(context: ServiceContext, body: dict[str, Any]) -> datetime:
    """Business time: `occurred_at`, taken out of the body, else now."""
    if (text := body.pop("occurred_at", None)) is None:
        return context.now()
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        time = None
    if time is None or time.tzinfo is None:
        raise _invalid_time("must be an RFC 3339 time with its offset")
    if time > context.now() + MAX_AHEAD:
        raise _invalid_time("must not be more than 24 hours ahead")
    return time.astimezone(UTC)


def _invalid_time(message: str) -> ProblemError:
    return ProblemError(422, "invalid", "occurred_at is invalid; see errors",
                        [FieldError("invalid", "/occurred_at", message)])


def _generated_id(write: WriteRequest) -> str:
    """The same idempotency key of the same principal gives the same id."""
    if write.idempotency_key is None:
        return uuid4().hex
    return uuid5(NAMESPACE_URL, f"triptych:{write.principal}:{write.idempotency_key}").hex


async def _publish(context: ServiceContext, event: Any, time: datetime, write: WriteRequest) -> None:
    id = write.idempotency_key or uuid4().hex
    await context.publish(event, time=time, source=write.principal, id=id)


def _accepted(content: Mapping[str, Any], location: str | None = None) -> Response:
    return json_response(content, 202, {"Location": location} if location else None)
