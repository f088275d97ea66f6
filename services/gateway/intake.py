"""`POST /v1/events`: each CloudEvent is checked, the good ones are appended to their topics, the bad ones say why."""
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from chassis.envelope import Rejected, decode_structured, encode
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.ports import Bus, Outgoing
from chassis.settings import Settings
from chassis.web import Fault, Problem, answer
from services.gateway.proxy import limited_body

MOST = 1000
BODY_LIMIT = 8 * 1024 * 1024


def router(settings: Settings, bus: Bus) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.post("/v1/events", status_code=202, summary="CloudEvents in: one, or an array of up to 1,000")
    async def events(request: Request) -> Response:
        found = _items(await limited_body(request, BODY_LIMIT))
        now = datetime.now(UTC)
        checked = [_check(item, now, settings) for item in found]
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


def _check(item: Any, now: datetime, settings: Settings) -> Outgoing | Rejected:
    message = decode_structured(item, now=now, effects_within=settings.effects_within)
    if isinstance(message, Rejected):
        return message
    return encode(message.event, id=message.meta.id, source=message.meta.source, time=message.meta.time,
                  extensions=message.extensions)


def _verdicts(items: Sequence[Any], checked: Sequence[Outgoing | Rejected]) -> Response:
    """202 when all are in the log, 207 when some are, 400 when none is."""
    verdicts = [_verdict(i, item, c) for i, (item, c) in enumerate(zip(items, checked, strict=True))]
    bad = sum(isinstance(c, Rejected) for c in checked)
    if bad == len(checked):
        faults = [Fault(c.code, f"/{i}{c.pointer}" if len(items) > 1 else c.pointer, c.message)
                  for i, c in enumerate(checked) if isinstance(c, Rejected)]
        raise Problem(400, faults[0].code if len({f.code for f in faults}) == 1 else "no_good_event",
                      "No event was taken.", faults, items=verdicts)
    return answer({"accepted": len(checked) - bad, "rejected": bad, "items": verdicts}, 207 if bad else 202)


def _verdict(index: int, item: Any, checked: Outgoing | Rejected) -> dict[str, Any]:
    id = item.get("id") if isinstance(item, dict) else None
    if isinstance(checked, Rejected):
        problem = Problem(400, checked.code, checked.message, [Fault(checked.code, checked.pointer, checked.message)])
        return {"index": index, "id": id, "status": 400, "problem": problem.body()}
    return {"index": index, "id": id, "status": 202}
