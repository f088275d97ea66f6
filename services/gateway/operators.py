"""Routes for operators over all services: lag, health, definitions, the audit log."""
import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from chassis.domain.definitions import PUBLISHED
from chassis.http.problems import ProblemError
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, json_response, page_response
from chassis.ports import Between, Condition, Store
from chassis.service.addresses import management_port
from chassis.service.discovery import internal_names, internal_services
from chassis.support.settings import Settings
from services.gateway.exports import CsvRoute
from services.gateway.middleware.audit_log import AuditLog
from services.gateway.proxy import Proxy
from services.gateway.schemas.operators import AuditEntry, Health, Lag, PublishedDefinition


def router(settings: Settings, proxy: Proxy, store: Store, audit_log: AuditLog) -> APIRouter:
    routes = APIRouter(tags=["operators"], route_class=CsvRoute)

    @routes.get("/v1/lag", response_model=Lag, summary="Number of unprocessed records, by service and topic")
    async def lag() -> Response:
        bodies = await request_all(proxy, "/v1/lag")
        services = {name: {**body, "total": sum(body["lag"].values())} for name, body in bodies.items()}
        return json_response({"total": sum(s["total"] for s in services.values()), "services": services})

    @routes.get("/v1/health", response_model=Health, responses={503: {"model": Health}},
                summary="Whether each service is up and ready")
    async def health() -> Response:
        states = await asyncio.gather(*(_readiness(settings, proxy, name) for name in internal_names()))
        services = {s.name: {"title": s.title, **state} for s, state in zip(internal_services(), states, strict=True)}
        ready = all(state["ready"] for state in states)
        return json_response({"status": "ready" if ready else "degraded", "services": services}, 200 if ready else 503)

    @routes.get("/v1/definitions", response_model=page_schema(PublishedDefinition),
                summary="Published definitions with all their versions")
    async def definitions(request: Request, paged: Paged, kind: str | None = None) -> Response:
        page = await store.find(PUBLISHED.name, {"kind": kind} if kind else {}, after=paged.cursor, limit=paged.limit)
        items = [{"kind": k, "name": n, "version": v, "title": b.get("title"), "body": b}
                 for k, n, v, b in (orjson.loads(d.body) for d in page.documents)]
        return page_response(request, items, page.next)

    @routes.get("/v1/audit", response_model=page_schema(AuditEntry),
                summary="Writes and refused requests with caller, time and result; newest first")
    async def audit(
        request: Request, paged: Paged, principal: Annotated[str | None, Query(max_length=128)] = None,
        outcome: Literal["done", "refused", "failed"] | None = None, since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
    ) -> Response:
        """Contains no bodies, addresses or names; ids as in the path."""
        filters = {"principal": principal, "outcome": outcome}
        where: dict[str, Condition] = {n: v for n, v in filters.items() if v is not None}
        if since is not None or until is not None:
            where["at"] = Between(_micros(since), _micros(until))
        items, cursor = await audit_log.page(where, paged.cursor, paged.limit)
        return page_response(request, items, cursor)

    return routes


def _micros(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1_000_000)


async def request_all(
    proxy: Proxy, path: str, query: str = "", services: Sequence[str] | None = None,
) -> dict[str, Any]:
    """{service: body} of the given services, by default of all.

    Raises ProblemError 502 when one of them does not respond with 200: a partial result would be wrong.
    """
    names = internal_names() if services is None else services
    responses = await asyncio.gather(*(proxy.request(name, "GET", path, query) for name in names))
    for name, response in zip(names, responses, strict=True):
        if response.status_code != 200:
            raise ProblemError(502, "service_failed", f"Service {name} responded {response.status_code} for {path}.")
    return {name: orjson.loads(response.content) for name, response in zip(names, responses, strict=True)}


async def _readiness(settings: Settings, proxy: Proxy, service: str) -> dict[str, Any]:
    try:
        url = f"http://127.0.0.1:{management_port(settings, service)}/readyz"
        response = await proxy.client.get(url, timeout=2.0)
    except Exception as error:
        return {"ready": False, "reason": f"no response ({type(error).__name__})"}
    try:
        detail = orjson.loads(response.content)
    except ValueError:
        detail = {}
    return {"ready": response.status_code == 200, **(detail if isinstance(detail, dict) else {})}
