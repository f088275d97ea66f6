"""`POST /v1/events`: validates each CloudEvent, appends the valid ones to their topics, and reports the others."""
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.http.problems import ProblemError
from chassis.http.routing import json_response
from chassis.messages.codec.errors import FieldError
from chassis.messages.envelope import RejectedMessage, decode_structured, forward
from chassis.ports import Bus, Outgoing
from chassis.support.clock import utc_now
from chassis.support.settings import Settings
from contracts.kinds import EVENTS
from contracts.topics import ENTERPRISE, TOPICS
from services.gateway.auth.caller import Caller
from services.gateway.organisation import TOPIC as ORGANISATION
from services.gateway.schemas.events import EventIntakeResult

MAX_EVENTS = 1000


def router(settings: Settings, bus: Bus) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.post("/v1/events", response_model=EventIntakeResult, status_code=202,
                 responses={207: {"model": EventIntakeResult}},
                 summary="Publish one CloudEvent, or an array of up to 1,000")
    async def publish(request: Request) -> Response:
        items = _items(await request.body())
        now, caller = utc_now(), request.state.caller
        checked = [_check(item, now, settings, caller) for item in items]
        await bus.publish([c for c in checked if isinstance(c, Outgoing)])
        return _respond(items, checked)

    return routes


def _items(body: bytes) -> list[Any]:
    try:
        parsed = orjson.loads(body)
    except ValueError as error:
        raise ProblemError(400, "not_json", f"The body is not JSON: {error}.") from None
    items = parsed if isinstance(parsed, list) else [parsed]
    if not items:
        raise ProblemError(400, "empty", "The body must be one CloudEvent or an array of them.")
    if len(items) > MAX_EVENTS:
        raise ProblemError(413, "too_many", f"A request may have at most {MAX_EVENTS} events, not {len(items)}.")
    return items


def _check(item: Any, now: datetime, settings: Settings, caller: Caller) -> Outgoing | RejectedMessage:
    if not isinstance(item, dict):
        return RejectedMessage("not_cloudevents", "A CloudEvent must be a JSON object.")
    message = decode_structured(item, now=now, effects_within=settings.effects_within)
    if isinstance(message, RejectedMessage):
        return message
    kind = EVENTS[type(message.event)]
    owner = TOPICS[kind.topic].owner
    if kind.topic == ORGANISATION and not caller.may("organisation:write"):
        return RejectedMessage("not_permitted", "Events of the organisation require the permission organisation:write.")
    if owner != ENTERPRISE:
        return RejectedMessage("not_yours_to_say", f"{message.meta.type} is published by the service {owner} only.")
    return forward(message)


def _respond(items: Sequence[Any], checked: Sequence[Outgoing | RejectedMessage]) -> Response:
    """202 when all events were appended, 207 when some were. Raises ProblemError 400 when none was."""
    results = [_result(i, item, c) for i, (item, c) in enumerate(zip(items, checked, strict=True))]
    rejected = [(i, c) for i, c in enumerate(checked) if isinstance(c, RejectedMessage)]
    if len(rejected) == len(checked):
        faults = [f for i, c in rejected for f in _faults(c, f"/{i}" if len(items) > 1 else "")]
        code = rejected[0][1].code if len({c.code for _, c in rejected}) == 1 else "no_good_event"
        detail = rejected[0][1].message if len(rejected) == 1 else "None of the events is valid."
        raise ProblemError(400, code, detail, faults, items=results)
    body = {"accepted": len(checked) - len(rejected), "rejected": len(rejected), "items": results}
    return json_response(body, 207 if rejected else 202)


def _faults(rejected: RejectedMessage, prefix: str) -> list[FieldError]:
    faults = [FieldError(f.code, prefix + f.pointer, f.message) for f in rejected.errors]
    return faults or [FieldError(rejected.code, prefix, rejected.message)]


def _result(index: int, item: Any, checked: Outgoing | RejectedMessage) -> dict[str, Any]:
    id = item.get("id") if isinstance(item, dict) else None
    if isinstance(checked, RejectedMessage):
        problem = ProblemError(400, checked.code, checked.message, _faults(checked, ""))
        return {"index": index, "id": id, "status": 400, "problem": problem.body()}
    return {"index": index, "id": id, "status": 202}
