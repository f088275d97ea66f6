"""The routes by which every service answers about its dead letters and its lag."""
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.aggregates.documents import millis
from chassis.dead_letters.record import by_place, by_time, written
from chassis.dead_letters.repository import FILTERS, MOST_ERROR, DeadLetters
from chassis.http.routing import Problem, answer, decode_cursor, not_found
from chassis.service.context import Context

MOST_AT_ONCE = 1000


def router(context: Context, letters: DeadLetters) -> APIRouter:
    """What every service answers to the gateway about its dead letters and its lag."""
    routes = APIRouter(tags=["operators"])

    @routes.get("/v1/dead-letters", summary="What this service could not take, with its reason")
    async def listed(
        request: Request, limit: int = 100, cursor: str | None = None, topic: str | None = None,
        code: str | None = None, status: str | None = None, event_type: str | None = None,
        event_source: str | None = None, event_id: str | None = None, grouped: bool = False,
    ) -> Response:
        where = wanted(request.query_params)
        order = by_place if grouped else by_time
        found = await letters.list(max(1, min(limit, 500)) + 1, where, _after(cursor, 3 if grouped else 2), order=order)
        return answer({"items": [x.face() for x in found]})

    @routes.get("/v1/dead-letters/stats", summary="How many by status; those that wait by code and by topic")
    async def counted() -> Response:
        return answer(await letters.stats())

    @routes.post("/v1/dead-letters/replay", summary="Give back all that meet a condition, to this service")
    async def replayed_many(request: Request) -> Response:
        body = await _body(request)
        where, limit, dry, before = _choice(body)
        at = written(millis(context.now()))
        done = await letters.replay_many(where, limit, before=before, dry_run=dry)
        return answer({
            "at": at, "matched": done.matched, "dry_run": dry, "items": [x.face() for x in done.replayed],
            "refused": [x.face() | {"refused": "too_many_replays"} for x in done.spent],
        }, 200 if dry else 202)

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


def wanted(values: Mapping[str, str]) -> dict[str, str]:
    """The conditions on letters among these query parameters."""
    return {name: values[name] for name in FILTERS if name in values}


def _choice(body: Mapping[str, Any]) -> tuple[dict[str, str], int, bool, str | None]:
    """`{where, limit, dry_run, before}` of a request to replay many; one without a condition is refused."""
    where, limit, dry = body.get("where"), body.get("limit", 100), body.get("dry_run", False)
    if not isinstance(where, dict) or not where:
        raise Problem(422, "invalid", f"`where` names at least one of {', '.join(FILTERS)}.")
    if unknown := sorted(set(where) - set(FILTERS)):
        raise Problem(422, "invalid", f"`where` does not know {unknown[0]!r}; it knows {', '.join(FILTERS)}.")
    if type(limit) is not int or not 1 <= limit <= MOST_AT_ONCE:
        raise Problem(422, "invalid", f"`limit` is a whole number from 1 to {MOST_AT_ONCE}.")
    before = body.get("before")
    if before is not None and not isinstance(before, str):
        raise Problem(422, "invalid", "`before` is a moment, as `at` in an answer.")
    return {name: str(value) for name, value in where.items()}, limit, dry is True, before


def _after(cursor: str | None, parts: int) -> list[Any] | None:
    """The place in the list that the gateway's cursor names."""
    if cursor is None:
        return None
    made = decode_cursor(cursor)
    place = made[0] if made and isinstance(made[0], list) else made
    kinds = [str, str] if parts == 2 else [str, int, int]
    if [type(x) for x in place[:parts]] != kinds:
        raise Problem(400, "bad_cursor", "The cursor is not one that this list gave out.")
    return list(place[:parts])


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
