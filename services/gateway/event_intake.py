"""`POST /v1/events`: each CloudEvent is checked, the good ones are appended to their topics, the bad ones say why."""
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.http.routing import Fault, Problem, answer
from chassis.messages.envelope import Rejected, decode_structured, forward
from chassis.ports import Bus, Outgoing
from chassis.support.clock import utc_now
from chassis.support.settings import Settings
from contracts.kinds import EVENTS
from contracts.topics import ENTERPRISE, TOPICS
from services.gateway.auth.caller import Caller
from services.gateway.organisation import TOPIC as ORGANISATION
from services.gateway.proxy import limited_body
from services.gateway.schemas import Intake

MOST = 1000
BODY_LIMIT = 8 * 1024 * 1024


def router(settings: Settings, bus: Bus) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.post("/v1/events", response_model=Intake, status_code=202, responses={207: {"model": Intake}},
                 summary="CloudEvents in: one, or an array of up to 1,000")
    async def events(request: Request) -> Response:
        found = _items(await limited_body(request, BODY_LIMIT))
        now, caller = utc_now(), request.state.caller
        checked = [_check(item, now, settings, caller) for item in found]
        await bus.publish([c for c in checked if isinstance(c, Outgoing)])
        return _verdicts(found, checked)

    return routes


def _items(body: bytes) -> list[Any]:
    try:
        parsed = orjson.loads(body)
    except ValueError as error:
        raise Problem(400, "not_json", f"The body is not JSON: {error}.") from None
    items = parsed if isinstance(parsed, list) else [parsed]
    if not items:
        raise Problem(400, "empty", "Send one CloudEvent or an array of them.")
    if len(items) > MOST:
        raise Problem(413, "too_many", f"Send at most {MOST} events at once, not {len(items)}.")
    return items


def _check(item: Any, now: datetime, settings: Settings, caller: Caller) -> Outgoing | Rejected:
    if not isinstance(item, dict):
        return Rejected("not_cloudevents", "A CloudEvent is a JSON object.")
    message = decode_structured(item, now=now, effects_within=settings.effects_within)
    if isinstance(message, Rejected):
        return message
    kind = EVENTS[type(message.event)]
    owner = TOPICS[kind.topic].owner
    if kind.topic == ORGANISATION and not caller.may("organisation:write"):
        return Rejected("not_permitted", "Who works where decides what others see: organisation:write is needed.")
    if owner != ENTERPRISE:
        return Rejected("not_yours_to_say", f"{message.meta.type} is what {owner} says; send what happened instead.")
    return forward(message)


def _verdicts(items: Sequence[Any], checked: Sequence[Outgoing | Rejected]) -> Response:
    """202 when all are in the log, 207 when some are, 400 when none is."""
    verdicts = [_verdict(i, item, c) for i, (item, c) in enumerate(zip(items, checked, strict=True))]
    bad = [(i, c) for i, c in enumerate(checked) if isinstance(c, Rejected)]
    if len(bad) == len(checked):
        faults = [f for i, c in bad for f in _faults(c, f"/{i}" if len(items) > 1 else "")]
        code = bad[0][1].code if len({c.code for _, c in bad}) == 1 else "no_good_event"
        detail = bad[0][1].message if len(bad) == 1 else "None of these events could be taken."
        raise Problem(400, code, detail, faults, items=verdicts)
    return answer({"accepted": len(checked) - len(bad), "rejected": len(bad), "items": verdicts}, 207 if bad else 202)


def _faults(rejected: Rejected, prefix: str) -> list[Fault]:
    found = [Fault(f.code, prefix + f.pointer, f.message) for f in rejected.faults]
    return found or [Fault(rejected.code, prefix, rejected.message)]


def _verdict(index: int, item: Any, checked: Outgoing | Rejected) -> dict[str, Any]:
    id = item.get("id") if isinstance(item, dict) else None
    if isinstance(checked, Rejected):
        problem = Problem(400, checked.code, checked.message, _faults(checked, ""))
        return {"index": index, "id": id, "status": 400, "problem": problem.body()}
    return {"index": index, "id": id, "status": 202}
