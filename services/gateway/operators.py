"""What operators ask of every service at once: dead letters, lag, health, definitions."""
import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.definitions import PUBLISHED
from chassis.ports import Store
from chassis.settings import SERVICES, Settings
from chassis.web import Paged, Problem, answer, decode_cursor, encode_cursor, not_found, page
from services.gateway.proxy import Proxy, limited_body


def router(settings: Settings, proxy: Proxy, store: Store) -> APIRouter:
    routes = APIRouter(tags=["operators"])

    @routes.get("/v1/dead-letters", summary="What could not be taken, with its reason, over all services")
    async def dead_letters(request: Request, paged: Paged) -> Response:
        after = decode_cursor(paged.cursor)[0] if paged.cursor else None
        found = await everywhere(proxy, "/v1/dead-letters", request.url.query)
        items = sorted((i for body in found.values() for i in body["items"]), key=_place)
        items = [i for i in items if after is None or _place(i) > tuple(after)]
        more = len(items) > paged.limit
        items = items[: paged.limit]
        return page(request, items, encode_cursor(_place(items[-1])) if more else None)

    @routes.get("/v1/dead-letters/{id}", summary="One dead letter with its original record")
    async def dead_letter(id: str) -> Response:
        return await first(proxy, "GET", f"/v1/dead-letters/{id}", id)

    @routes.post("/v1/dead-letters/{id}/replay", summary="Give it back to the service that could not take it")
    async def replay(id: str, request: Request) -> Response:
        return await first(proxy, "POST", f"/v1/dead-letters/{id}/replay", id, await limited_body(request, 300_000))

    @routes.post("/v1/dead-letters/{id}/discard", summary="Close it, with a reason")
    async def discard(id: str, request: Request) -> Response:
        return await first(proxy, "POST", f"/v1/dead-letters/{id}/discard", id, await limited_body(request, 10_000))

    @routes.get("/v1/lag", summary="Records not yet processed, per service and topic")
    async def lag() -> Response:
        found = await everywhere(proxy, "/v1/lag")
        services = {name: {**body, "total": sum(body["lag"].values())} for name, body in found.items()}
        return answer({"total": sum(s["total"] for s in services.values()), "services": services})

    @routes.get("/v1/health", summary="Whether each service is up and ready")
    async def health() -> Response:
        found = dict(zip(SERVICES, await asyncio.gather(*(_ready(settings, proxy, s) for s in SERVICES)), strict=True))
        well = all(f["ready"] for f in found.values())
        return answer({"status": "ready" if well else "degraded", "services": found}, 200 if well else 503)

    @routes.get("/v1/definitions", summary="Every published definition and its versions")
    async def definitions(request: Request, paged: Paged, kind: str | None = None) -> Response:
        found = await store.find(PUBLISHED.name, {"kind": kind} if kind else {}, after=paged.cursor, limit=paged.limit)
        items = [{"kind": k, "name": n, "version": v, "title": b.get("title"), "body": b}
                 for k, n, v, b in (orjson.loads(d.body) for d in found.documents)]
        return page(request, items, found.next)

    return routes


def _place(item: dict[str, Any]) -> tuple[Any, ...]:
    return (str(item.get("first_failed_at", "")), str(item.get("id", "")))


async def everywhere(proxy: Proxy, path: str, query: str = "") -> dict[str, Any]:
    """The answer of each service; one that does not answer is a 502 for the whole, never a figure with a hole in it."""
    answers = await asyncio.gather(*(proxy.ask(s, "GET", path, query) for s in SERVICES))
    for service, found in zip(SERVICES, answers, strict=True):
        if found.status_code != 200:
            raise Problem(502, "service_failed", f"{service} answered {found.status_code} for {path}.")
    return {s: orjson.loads(a.content) for s, a in zip(SERVICES, answers, strict=True)}


async def first(proxy: Proxy, method: str, path: str, id: str, body: bytes | None = None) -> Response:
    """The answer of the one service that knows this id."""
    for service in SERVICES:
        found = await proxy.ask(service, method, path, "", {"content-type": "application/json"}, body)
        if found.status_code != 404:
            return Response(found.content, found.status_code, media_type=found.headers.get("content-type"))
    raise not_found("dead letter", id)


async def _ready(settings: Settings, proxy: Proxy, service: str) -> dict[str, Any]:
    try:
        found = await proxy.client.get(f"http://127.0.0.1:{settings.management_port(service)}/readyz", timeout=2.0)
    except Exception as error:
        return {"ready": False, "reason": f"does not answer ({type(error).__name__})"}
    try:
        detail = orjson.loads(found.content)
    except ValueError:
        detail = {}
    return {"ready": found.status_code == 200, **(detail if isinstance(detail, dict) else {})}
