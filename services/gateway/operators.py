"""What operators ask of every service at once: lag, health, definitions."""
import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from chassis.domain.definitions import PUBLISHED
from chassis.http.responses import paged
from chassis.http.routing import Paged, Problem, answer, page
from chassis.ports import Between, Condition, Store
from chassis.support.settings import SERVICES, Settings
from services.gateway.exports import Exported
from services.gateway.middleware.audit_log import Audit
from services.gateway.proxy import Proxy
from services.gateway.schemas import AuditEntry, Health, Lag, PublishedDefinition


def router(settings: Settings, proxy: Proxy, store: Store, audit: Audit) -> APIRouter:
    routes = APIRouter(tags=["operators"], route_class=Exported)

    @routes.get("/v1/lag", response_model=Lag, summary="Records not yet processed, per service and topic")
    async def lag() -> Response:
        found = await everywhere(proxy, "/v1/lag")
        services = {name: {**body, "total": sum(body["lag"].values())} for name, body in found.items()}
        return answer({"total": sum(s["total"] for s in services.values()), "services": services})

    @routes.get("/v1/health", response_model=Health, responses={503: {"model": Health}},
                summary="Whether each service is up and ready")
    async def health() -> Response:
        found = dict(zip(SERVICES, await asyncio.gather(*(_ready(settings, proxy, s) for s in SERVICES)), strict=True))
        well = all(f["ready"] for f in found.values())
        return answer({"status": "ready" if well else "degraded", "services": found}, 200 if well else 503)

    @routes.get("/v1/definitions", response_model=paged(PublishedDefinition),
                summary="Every published definition and its versions")
    async def definitions(request: Request, paged: Paged, kind: str | None = None) -> Response:
        found = await store.find(PUBLISHED.name, {"kind": kind} if kind else {}, after=paged.cursor, limit=paged.limit)
        items = [{"kind": k, "name": n, "version": v, "title": b.get("title"), "body": b}
                 for k, n, v, b in (orjson.loads(d.body) for d in found.documents)]
        return page(request, items, found.next)

    @routes.get("/v1/audit", response_model=paged(AuditEntry),
                summary="Every write and every refusal: who, what, when, what came of it; newest first")
    async def audited(
        request: Request, paged: Paged, principal: Annotated[str | None, Query(max_length=128)] = None,
        outcome: Literal["done", "refused", "failed"] | None = None, since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
    ) -> Response:
        """No bodies, no addresses, no names: ids as they stand in the path."""
        asked = {"principal": principal, "outcome": outcome}
        where: dict[str, Condition] = {n: v for n, v in asked.items() if v is not None}
        if since is not None or until is not None:
            where["at"] = Between(_micros(since), _micros(until))
        items, more = await audit.page(where, paged.cursor, paged.limit)
        return page(request, items, more)

    return routes


def _micros(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1_000_000)


async def everywhere(
    proxy: Proxy, path: str, query: str = "", services: Sequence[str] = SERVICES,
) -> dict[str, Any]:
    """The answer of each service; one that does not answer is a 502 for the whole, never a figure with a hole in it."""
    answers = await asyncio.gather(*(proxy.ask(s, "GET", path, query) for s in services))
    for service, found in zip(services, answers, strict=True):
        if found.status_code != 200:
            raise Problem(502, "service_failed", f"{service} answered {found.status_code} for {path}.")
    return {s: orjson.loads(a.content) for s, a in zip(services, answers, strict=True)}


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
