"""The gateway's app: its own routes first, then every path passed on to the service that owns it."""
import asyncio
from typing import Any

import orjson
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from chassis.domain.definitions import Definitions
from chassis.http.routing import Problem, answer, make_app, not_in_this_release
from chassis.messages import asyncapi
from chassis.ports import Bus, Store
from chassis.support.settings import SERVICES, Settings
from services.gateway import console, documents, openapi
from services.gateway.app import Door
from services.gateway.auth.address import UnsafeAddress, check_address
from services.gateway.middleware import Gate
from services.gateway.proxy import BODY_LIMIT, Proxy, limited_body
from services.gateway.routes import lacking, owner_of

__all__ = ["UnsafeAddress", "check_address", "gateway_app"]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def gateway_app(settings: Settings, bus: Bus, store: Store, definitions: Definitions | None = None) -> FastAPI:
    """The whole door. `app.state.door` is what runs beside it; `app.state.proxy` is its way to the services."""
    check_address(settings.http, settings)
    door = Door(settings, bus, store, definitions or Definitions())
    app = make_app("Triptych", door.routers(), openapi_url=None)
    app.add_middleware(Gate, settings=settings, identifier=door.identifier, audit=door.audit)
    app.state.door, app.state.proxy = door, door.proxy
    _documents(app, door.proxy)

    @app.api_route("/{path:path}", methods=METHODS, include_in_schema=False)
    async def pass_on(path: str, request: Request) -> Response:
        full = request.url.path
        capability = lacking(request.method, full)
        if capability:
            raise not_in_this_release(capability)
        service = owner_of(full, request.method)
        if service is None and (full == "/v1" or full.startswith("/v1/")):
            raise Problem(404, "not_found", f"There is nothing at {full}.")
        if service is None:
            return console.serve(path, request)
        body, caller = await limited_body(request, BODY_LIMIT), request.state.caller
        if caller is not None and body:
            body = await door.references.checked(caller, request.state.permission, request.method, full, body)
        return await door.proxy.pass_on(request, service, body)

    return app


def _documents(app: FastAPI, proxy: Proxy) -> None:
    own = app.openapi()

    async def whole() -> dict[str, Any]:
        answers = await asyncio.gather(*(proxy.ask(s, "GET", "/openapi.json") for s in SERVICES))
        return openapi.whole(own, [orjson.loads(a.content) for a in answers if a.status_code == 200])

    @app.get("/openapi.json", include_in_schema=False)
    async def document() -> Response:
        return answer(await whole())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(documents.page(await whole()), headers={"content-security-policy": documents.POLICY})

    @app.get("/docs/events", include_in_schema=False)
    async def docs_of_events() -> Response:
        return HTMLResponse(documents.events(asyncapi.document()),
                            headers={"content-security-policy": documents.POLICY})

    @app.get("/asyncapi.json", include_in_schema=False)
    async def events() -> Response:
        return answer(asyncapi.document())
