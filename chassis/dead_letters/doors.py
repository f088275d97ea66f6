"""The routes by which every service answers about its dead letters and its lag."""
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.context import Context
from chassis.dead_letters.letters import MOST_ERROR, DeadLetters
from chassis.web import Problem, answer, decode_cursor, not_found


def router(context: Context, letters: DeadLetters) -> APIRouter:
    """What every service answers to the gateway about its dead letters and its lag."""
    routes = APIRouter(tags=["operators"])

    @routes.get("/v1/dead-letters", summary="What this service could not take, with its reason")
    async def listed(
        limit: int = 100, cursor: str | None = None, topic: str | None = None, code: str | None = None,
        status: str | None = None, event_type: str | None = None,
    ) -> Response:
        wanted = {"topic": topic, "code": code, "status": status, "event_type": event_type}
        where = {n: v for n, v in wanted.items() if v is not None}
        found = await letters.list(max(1, min(limit, 500)) + 1, where, _after(cursor))
        return answer({"items": [x.face() for x in found]})

    @routes.get("/v1/dead-letters/{id}", summary="One dead letter with its original record")
    async def shown(id: str) -> Response:
        found = await letters.show(id)
        if found is None:
            raise not_found("dead letter", id)
        return answer(found.face(whole=True))

    @routes.post("/v1/dead-letters/{id}/replay", summary="Give it back to this service")
    async def replayed(id: str, request: Request) -> Response:
        body = await _body(request)
        content = body.get("with")
        if content is not None and not isinstance(content, dict):
            raise Problem(422, "invalid", "`with` is the mended event, or its data, as an object.")
        return answer((await letters.replay(id, content)).face(), 202)

    @routes.post("/v1/dead-letters/{id}/discard", summary="Close it, with a reason")
    async def discarded(id: str, request: Request) -> Response:
        reason = (await _body(request)).get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise Problem(422, "invalid", "`reason` says why it may be forgotten.")
        return answer((await letters.discard(id, reason.strip()[:MOST_ERROR])).face())

    @routes.get("/v1/lag", summary="Records not yet processed, by topic")
    async def lag() -> Response:
        return answer(await context.settled())

    return routes


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    parts = decode_cursor(cursor)
    place = parts[0] if parts and isinstance(parts[0], list) else parts
    if len(place) < 2:
        raise Problem(400, "bad_cursor", "The cursor is not one that this list gave out.")
    return str(place[0]), str(place[1])


async def _body(request: Request) -> dict[str, Any]:
    text = await request.body()
    if not text.strip():
        return {}
    try:
        made = msgspec.json.decode(text)
    except msgspec.DecodeError:
        made = None
    if not isinstance(made, dict):
        raise Problem(400, "not_json", "The body is a JSON object.")
    return made
