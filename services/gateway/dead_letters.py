"""`/v1/dead-letters`: the dead letters of all services: list, group, count, replay, discard."""
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.dead_letters.schemas import DeadLetter, Replayed, WholeDeadLetter
from chassis.http.problems import ProblemError, not_found
from chassis.http.routing import Paged, decode_cursor, encode_cursor, json_response, page_response
from chassis.service.discovery import internal_names
from services.gateway.exports import CsvRoute
from services.gateway.operators import request_all
from services.gateway.proxy import Proxy
from services.gateway.schemas.operators import DeadLetterList, DeadLetterStats

PATH = "/v1/dead-letters"
MAX_REPLAY_BYTES = 300_000  # the corrected event, which replaces the original record
MAX_BYTES = 10_000
JSON = {"content-type": "application/json"}


def router(proxy: Proxy) -> APIRouter:
    routes = APIRouter(tags=["operators"], route_class=CsvRoute)

    @routes.get(PATH, response_model=DeadLetterList, summary="Records that a service could not process, with reasons")
    async def listed(
        request: Request, paged: Paged, service: str | None = None, topic: str | None = None, code: str | None = None,
        status: str | None = None, event_type: str | None = None, event_source: str | None = None,
        event_id: str | None = None, grouped: bool = False,
    ) -> Response:
        """`grouped=true`: one item per record of the log, with the dead letter of each service in `letters`."""
        after = _after(paged.cursor, 3 if grouped else 2)
        bodies = await request_all(proxy, PATH, request.url.query, _selected(service))
        items = [i for body in bodies.values() for i in body["items"]]
        order = _position if grouped else _time
        items = sorted((i for i in items if after is None or order(i) > after), key=lambda i: (order(i), i["id"]))
        rows = _grouped(items) if grouped else items
        more, rows = len(rows) > paged.limit, rows[: paged.limit]
        return page_response(request, rows, encode_cursor(order(rows[-1])) if more else None)

    @routes.get(f"{PATH}/stats", response_model=DeadLetterStats,
                summary="Number of dead letters by status; of the open ones by code and topic")
    async def stats() -> Response:
        bodies = await request_all(proxy, f"{PATH}/stats")
        totals = {name: _sum(body[name] for body in bodies.values()) for name in ("status", "code", "topic")}
        return json_response({**totals, "services": bodies})

    @routes.get(f"{PATH}/{{id}}", response_model=WholeDeadLetter, summary="One dead letter with its original record")
    async def one(id: str) -> Response:
        return await first_found(proxy, "GET", f"{PATH}/{id}", id)

    @routes.post(f"{PATH}/replay", response_model=Replayed, responses={202: {"model": Replayed}},
                 summary="Replay all that match a condition, each in its service")
    async def replay_matching(request: Request) -> Response:
        """`{where: {service?, topic?, code?, …}, limit, dry_run}`. Each dead letter is replayed once, however often
        the request is repeated."""
        try:
            body = orjson.loads(await _limited_body(request, MAX_BYTES))
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("where"), dict) or not body["where"]:
            raise ProblemError(422, "invalid", "where must have at least one condition.")
        return await _replay(proxy, body)

    @routes.post(f"{PATH}/{{id}}/replay", response_model=DeadLetter, status_code=202,
                 summary="Replay it in the service that could not process it")
    async def replay(id: str, request: Request) -> Response:
        return await first_found(
            proxy, "POST", f"{PATH}/{id}/replay", id, await _limited_body(request, MAX_REPLAY_BYTES))

    @routes.post(f"{PATH}/{{id}}/discard", response_model=DeadLetter, summary="Discard it, with a reason")
    async def discard(id: str, request: Request) -> Response:
        return await first_found(proxy, "POST", f"{PATH}/{id}/discard", id, await _limited_body(request, MAX_BYTES))

    return routes


async def _limited_body(request: Request, limit: int) -> bytes:
    """Raises ProblemError 413. The middleware has already limited it to the size of any request."""
    body = await request.body()
    if len(body) > limit:
        raise ProblemError(413, "too_large", f"A request to this path may have at most {limit} bytes.")
    return body


async def _replay(proxy: Proxy, body: Mapping[str, Any]) -> Response:
    remaining = body.get("limit", 100)
    total: dict[str, Any] = {"matched": 0, "dry_run": body.get("dry_run") is True, "items": [], "refused": []}
    status = 200
    for service in _selected(body["where"].get("service")):
        if total["items"] and remaining == 0:
            break
        response = await proxy.request(
            service, "POST", f"{PATH}/replay", "", JSON, orjson.dumps({**body, "limit": remaining}))
        if response.status_code >= 400:
            return Response(response.content, response.status_code, media_type=response.headers.get("content-type"))
        status, replayed = response.status_code, orjson.loads(response.content)
        total.setdefault("at", replayed["at"])
        total["matched"] += replayed["matched"]
        total["items"] += replayed["items"]
        total["refused"] += replayed["refused"]
        remaining -= len(replayed["items"])
    return json_response(total, status)


def _selected(service: str | None) -> tuple[str, ...]:
    names = internal_names()
    if service is None:
        return names
    if service not in names:
        raise ProblemError(422, "invalid", f"service must be one of {', '.join(names)}, not {service!r}.")
    return (service,)


def _after(cursor: str | None, parts: int) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    position = (decode_cursor(cursor) or [None])[0]
    types = [str, str] if parts == 2 else [str, int, int]
    if not isinstance(position, list) or [type(x) for x in position] != types:
        raise ProblemError(400, "bad_cursor", "The cursor does not belong to this list.")
    return tuple(position)


def _time(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (str(item.get("first_failed_at", "")), str(item.get("id", "")))


def _position(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (item["topic"], item["partition"], item["offset"])


def _grouped(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """In log order. Each service sends one dead letter more than a page, so the groups of a page are complete."""
    shared = ("topic", "partition", "offset", "appended_at", "event_id", "event_source", "event_type")
    own = ("id", "service", "code", "error", "first_failed_at", "replays", "status", "note", "version")
    groups = []
    for _, group in groupby(items, key=_position):
        failures = list(group)
        groups.append({n: failures[0][n] for n in shared} | {"letters": [{n: x[n] for n in own} for x in failures]})
    return groups


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for name, n in count.items():
            total[name] = total.get(name, 0) + n
    return dict(sorted(total.items()))


async def first_found(proxy: Proxy, method: str, path: str, id: str, body: bytes | None = None) -> Response:
    """The response of the one service that has this dead letter. Raises ProblemError 404."""
    for service in internal_names():
        response = await proxy.request(service, method, path, "", JSON, body)
        if response.status_code != 404:
            return Response(response.content, response.status_code, media_type=response.headers.get("content-type"))
    raise not_found("dead letter", id)
