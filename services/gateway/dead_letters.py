"""Dead letters of all services at one door: listed and grouped, counted, given back, closed."""
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.dead_letters.schemas import DeadLetter, Replayed, WholeDeadLetter
from chassis.http.routing import Paged, Problem, answer, decode_cursor, encode_cursor, not_found, page
from chassis.support.settings import SERVICES
from services.gateway.exports import Exported
from services.gateway.operators import everywhere
from services.gateway.proxy import Proxy, limited_body
from services.gateway.schemas import DeadLetters, DeadLetterStats

PATH = "/v1/dead-letters"


def router(proxy: Proxy) -> APIRouter:
    routes = APIRouter(tags=["operators"], route_class=Exported)

    @routes.get(PATH, response_model=DeadLetters, summary="What could not be taken, with its reason, over all services")
    async def listed(
        request: Request, paged: Paged, service: str | None = None, topic: str | None = None, code: str | None = None,
        status: str | None = None, event_type: str | None = None, event_source: str | None = None,
        event_id: str | None = None, grouped: bool = False,
    ) -> Response:
        """`grouped=true`: one item per record that lay in the log, with the letter of each service in `letters`."""
        after = _after(paged.cursor, 3 if grouped else 2)
        found = await everywhere(proxy, PATH, request.url.query, _chosen(service))
        items = [i for body in found.values() for i in body["items"]]
        order = _place if grouped else _time
        items = sorted((i for i in items if after is None or order(i) > after), key=lambda i: (order(i), i["id"]))
        rows = _grouped(items) if grouped else items
        more, rows = len(rows) > paged.limit, rows[: paged.limit]
        return page(request, rows, encode_cursor(order(rows[-1])) if more else None)

    @routes.get(f"{PATH}/stats", response_model=DeadLetterStats,
                summary="How many by status; those that wait by code and by topic")
    async def counted() -> Response:
        found = await everywhere(proxy, f"{PATH}/stats")
        totals = {name: _added(body[name] for body in found.values()) for name in ("status", "code", "topic")}
        return answer({**totals, "services": found})

    @routes.get(f"{PATH}/{{id}}", response_model=WholeDeadLetter, summary="One dead letter with its original record")
    async def shown(id: str) -> Response:
        return await first(proxy, "GET", f"{PATH}/{id}", id)

    @routes.post(f"{PATH}/replay", response_model=Replayed, responses={202: {"model": Replayed}},
                 summary="Give back all that meet a condition, each to the service that has it")
    async def replayed_many(request: Request) -> Response:
        """`{where: {service?, topic?, code?, …}, limit, dry_run}`; nothing is given back twice, however often asked."""
        try:
            body = orjson.loads(await limited_body(request, 10_000))
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("where"), dict) or not body["where"]:
            raise Problem(422, "invalid", "Say `where`, with at least one condition.")
        return await _replayed(proxy, body)

    @routes.post(f"{PATH}/{{id}}/replay", response_model=DeadLetter, status_code=202,
                 summary="Give it back to the service that could not take it")
    async def replayed(id: str, request: Request) -> Response:
        return await first(proxy, "POST", f"{PATH}/{id}/replay", id, await limited_body(request, 300_000))

    @routes.post(f"{PATH}/{{id}}/discard", response_model=DeadLetter, summary="Close it, with a reason")
    async def discarded(id: str, request: Request) -> Response:
        return await first(proxy, "POST", f"{PATH}/{id}/discard", id, await limited_body(request, 10_000))

    return routes


async def _replayed(proxy: Proxy, body: Mapping[str, Any]) -> Response:
    left = body.get("limit", 100)
    made: dict[str, Any] = {"matched": 0, "dry_run": body.get("dry_run") is True, "items": [], "refused": []}
    status = 200
    for service in _chosen(body["where"].get("service")):
        if made["items"] and left == 0:
            break
        found = await proxy.ask(service, "POST", f"{PATH}/replay", "", {"content-type": "application/json"},
                                orjson.dumps({**body, "limit": left}))
        if found.status_code >= 400:
            return Response(found.content, found.status_code, media_type=found.headers.get("content-type"))
        status, done = found.status_code, orjson.loads(found.content)
        made.setdefault("at", done["at"])
        made["matched"] += done["matched"]
        made["items"] += done["items"]
        made["refused"] += done["refused"]
        left -= len(done["items"])
    return answer(made, status)


def _chosen(service: str | None) -> tuple[str, ...]:
    if service is None:
        return SERVICES
    if service not in SERVICES:
        raise Problem(422, "invalid", f"There is no service {service!r}; there are {', '.join(SERVICES)}.")
    return (service,)


def _after(cursor: str | None, parts: int) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    place = (decode_cursor(cursor) or [None])[0]
    kinds = [str, str] if parts == 2 else [str, int, int]
    if not isinstance(place, list) or [type(x) for x in place] != kinds:
        raise Problem(400, "bad_cursor", "The cursor is not one that this list gave out.")
    return tuple(place)


def _time(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (str(item.get("first_failed_at", "")), str(item.get("id", "")))


def _place(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (item["topic"], item["partition"], item["offset"])


def _grouped(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """In order of places. Each service has sent one more than a page, so the groups of a page are whole."""
    told = ("topic", "partition", "offset", "appended_at", "event_id", "event_source", "event_type")
    own = ("id", "service", "code", "error", "first_failed_at", "replays", "status", "note", "version")
    made = []
    for _, group in groupby(items, key=_place):
        letters = list(group)
        made.append({n: letters[0][n] for n in told} | {"letters": [{n: x[n] for n in own} for x in letters]})
    return made


def _added(tallies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for tally in tallies:
        for name, n in tally.items():
            sums[name] = sums.get(name, 0) + n
    return dict(sorted(sums.items()))


async def first(proxy: Proxy, method: str, path: str, id: str, body: bytes | None = None) -> Response:
    """The answer of the one service that knows this id."""
    for service in SERVICES:
        found = await proxy.ask(service, method, path, "", {"content-type": "application/json"}, body)
        if found.status_code != 404:
            return Response(found.content, found.status_code, media_type=found.headers.get("content-type"))
    raise not_found("dead letter", id)
