"""Routes of every service for its dead letters and its lag."""
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.aggregates.documents import millis
from chassis.dead_letters.record import by_position, by_time, format_timestamp
from chassis.dead_letters.repository import FILTERS, MOST_ERROR, DeadLetterRepository
from chassis.http.problems import ProblemError, not_found
from chassis.http.routing import decode_cursor, json_response
from chassis.service.context import ServiceContext

MAX_REPLAYED = 1000


def router(context: ServiceContext, letters: DeadLetterRepository) -> APIRouter:
    """Router for dead letters and lag, called by the gateway."""
    routes = APIRouter(tags=["operators"])

    @routes.get("/v1/dead-letters", summary="Records that this service could not process, with the reason")
    async def listed(
        request: Request, limit: int = 100, cursor: str | None = None, topic: str | None = None,
        code: str | None = None, status: str | None = None, event_type: str | None = None,
        event_source: str | None = None, event_id: str | None = None, grouped: bool = False,
    ) -> Response:
        where = filters_of(request.query_params)
        order = by_position if grouped else by_time
        page = await letters.list(max(1, min(limit, 500)) + 1, where, _after(cursor, 3 if grouped else 2), order=order)
        return json_response({"items": [x.to_json() for x in page]})

    @routes.get("/v1/dead-letters/stats", summary="Counts by status; open ones by code and by topic")
    async def counted() -> Response:
        return json_response(await letters.stats())

    @routes.post("/v1/dead-letters/replay", summary="Replay all that match a condition to this service")
    async def replayed_many(request: Request) -> Response:
        body = await _body(request)
        where, limit, dry, before = _replay_parameters(body)
        at = format_timestamp(millis(context.now()))
        result = await letters.replay_many(where, limit, before=before, dry_run=dry)
        return json_response({
            "at": at, "matched": result.matched, "dry_run": dry, "items": [x.to_json() for x in result.replayed],
            "refused": [x.to_json() | {"refused": "too_many_replays"} for x in result.spent],
        }, 200 if dry else 202)

    @routes.get("/v1/dead-letters/{id}", summary="One dead letter with its original record")
    async def shown(id: str) -> Response:
        letter = await letters.get(id)
        if letter is None:
            raise not_found("dead letter", id)
        return json_response(letter.to_json(whole=True))

    @routes.post("/v1/dead-letters/{id}/replay", summary="Replay to this service")
    async def replayed(id: str, request: Request) -> Response:
        body = await _body(request)
        content = body.get("with")
        if content is not None and not isinstance(content, dict):
            raise ProblemError(422, "invalid", "`with` must be an object: the corrected event or its data.")
        return json_response((await letters.replay(id, content)).to_json(), 202)

    @routes.post("/v1/dead-letters/{id}/discard", summary="Discard with a reason")
    async def discarded(id: str, request: Request) -> Response:
        reason = (await _body(request)).get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise ProblemError(422, "invalid", "`reason` must be a non-empty string.")
        return json_response((await letters.discard(id, reason.strip()[:MOST_ERROR])).to_json())

    @routes.get("/v1/lag", summary="Records not yet processed, by topic")
    async def lag() -> Response:
        return json_response(await context.freshness())

    return routes


def filters_of(values: Mapping[str, str]) -> dict[str, str]:
    """The filters among these query parameters."""
    return {name: values[name] for name in FILTERS if name in values}


def _replay_parameters(body: Mapping[str, Any]) -> tuple[dict[str, str], int, bool, str | None]:
    """`{where, limit, dry_run, before}` of a bulk replay; a condition is required."""
    where, limit, dry = body.get("where"), body.get("limit", 100), body.get("dry_run", False)
    if not isinstance(where, dict) or not where:
        raise ProblemError(422, "invalid", f"`where` must contain at least one of {', '.join(FILTERS)}.")
    if unknown := sorted(set(where) - set(FILTERS)):
        raise ProblemError(
            422, "invalid", f"`where` has the unknown field {unknown[0]!r}; allowed: {', '.join(FILTERS)}."
        )
    if type(limit) is not int or not 1 <= limit <= MAX_REPLAYED:
        raise ProblemError(422, "invalid", f"`limit` must be an integer from 1 to {MAX_REPLAYED}.")
    before = body.get("before")
    if before is not None and not isinstance(before, str):
        raise ProblemError(422, "invalid", "`before` must be a timestamp, as in `at` of a response.")
    return {name: str(value) for name, value in where.items()}, limit, dry is True, before


def _after(cursor: str | None, parts: int) -> list[Any] | None:
    """The list position encoded in the gateway's cursor."""
    if cursor is None:
        return None
    decoded = decode_cursor(cursor)
    position = decoded[0] if decoded and isinstance(decoded[0], list) else decoded
    kinds = [str, str] if parts == 2 else [str, int, int]
    if [type(x) for x in position[:parts]] != kinds:
        raise ProblemError(400, "bad_cursor", "The cursor does not belong to this list; start again without one.")
    return list(position[:parts])


async def _body(request: Request) -> dict[str, Any]:
    text = await request.body()
    if not text.strip():
        return {}
    try:
        parsed = msgspec.json.decode(text)
    except msgspec.DecodeError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ProblemError(400, "not_json", "The body must be a JSON object.")
    return parsed
