"""Routes of the API reference: `/openapi.json`, `/asyncapi.json`, `/docs`, `/docs/events`."""
import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from chassis.http.routing import json_response
from chassis.messages import asyncapi
from chassis.service.discovery import internal_names
from services.gateway.api_reference import html_pages, openapi
from services.gateway.proxy import Proxy


def router(own: Mapping[str, Any], proxy: Proxy) -> APIRouter:
    """`own`: the OpenAPI document of the gateway's routes; those of the services are requested from them."""
    routes = APIRouter(include_in_schema=False)

    async def combined() -> dict[str, Any]:
        answers = await asyncio.gather(*(proxy.request(s, "GET", "/openapi.json") for s in internal_names()))
        return openapi.public_document(own, [orjson.loads(a.content) for a in answers if a.status_code == 200])

    @routes.get("/openapi.json")
    async def openapi_document() -> Response:
        return json_response(await combined())

    @routes.get("/docs")
    async def route_pages() -> Response:
        return _page(html_pages.routes_page(await combined()))

    @routes.get("/docs/events")
    async def event_pages() -> Response:
        return _page(html_pages.events_page(asyncapi.document()))

    @routes.get("/asyncapi.json")
    async def asyncapi_document() -> Response:
        return json_response(asyncapi.document())

    return routes


def _page(html: str) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": html_pages.POLICY})
