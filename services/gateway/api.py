"""The gateway's app: its own routes first, then every path passed on to the service that owns it."""
import asyncio
from typing import Any

import orjson
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from chassis.definitions import Definitions
from chassis.ports import Bus, Store
from chassis.settings import SERVICES, Settings
from chassis.web import Problem, answer, make_app, not_in_this_release
from services.gateway.auth.address import UnsafeAddress, check_address
from services.gateway.door import Door
from services.gateway.gate import Gate
from services.gateway.proxy import Proxy
from services.gateway.routes import lacking, owner_of

__all__ = ["UnsafeAddress", "check_address", "gateway_app", "merge"]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def gateway_app(settings: Settings, bus: Bus, store: Store, definitions: Definitions | None = None) -> FastAPI:
    """The whole door. `app.state.door` is what runs beside it; `app.state.proxy` is its way to the services."""
    check_address(settings.http, settings)
    door = Door(settings, bus, store, definitions or Definitions())
    app = make_app("Triptych", door.routers(), openapi_url=None)
    app.add_middleware(Gate, settings=settings, identifier=door.identifier, audit=door.audit)
    app.state.door, app.state.proxy = door, door.proxy
    _documents(app, door.proxy)

    @app.get("/", include_in_schema=False)
    async def home() -> Response:
        return HTMLResponse(HOME)

    @app.api_route("/{path:path}", methods=METHODS, include_in_schema=False)
    async def pass_on(path: str, request: Request) -> Response:
        full = request.url.path
        capability = lacking(request.method, full)
        if capability:
            raise not_in_this_release(capability)
        service = owner_of(full)
        if service is None:
            raise Problem(404, "not_found", f"There is nothing at {full}.")
        return await door.proxy.pass_on(request, service)

    return app


def _documents(app: FastAPI, proxy: Proxy) -> None:
    own = app.openapi()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        answers = await asyncio.gather(*(proxy.ask(s, "GET", "/openapi.json") for s in SERVICES))
        return answer(merge(own, [orjson.loads(a.content) for a in answers if a.status_code == 200]))


def merge(own: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """One OpenAPI document out of the gateway's and the services'; equal schemas share a name, others get a suffix."""
    made = orjson.loads(orjson.dumps(own))
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for number, document in enumerate(others):
        theirs = document.get("components", {}).get("schemas", {})
        clashes = {n for n, s in theirs.items() if n in schemas and schemas[n] != s}
        text = orjson.dumps({"paths": document.get("paths", {}), "schemas": theirs}).decode()
        for name in clashes:
            text = text.replace(f'#/components/schemas/{name}"', f'#/components/schemas/{name}_{number}"')
        renamed = orjson.loads(text)
        for path, item in renamed["paths"].items():
            if owner_of(path):  # what operators ask of each service is answered by the gateway itself
                made["paths"].setdefault(path, {}).update(item)
        schemas |= {f"{n}_{number}" if n in clashes else n: s for n, s in renamed["schemas"].items()}
    made["paths"] = dict(sorted(made["paths"].items()))
    return made  # type: ignore[no-any-return]


HOME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Triptych</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#8882;
padding:.1em .3em;border-radius:.2em}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}
</style>
<h1>Triptych</h1>
<p>Set the targets, watch the process, see the results. <span lang="zh">定指标，盯过程，看结果。</span></p>
<p>The system is running. This release answers over REST; the console comes with a later one.</p>
<ul>
<li><a href="/v1/boards/revenue"><code>/v1/boards/revenue</code></a>: the revenue board</li>
<li><a href="/v1/opportunities?limit=20"><code>/v1/opportunities</code></a>: the deals</li>
<li><a href="/v1/leads?sort=-score&amp;limit=20"><code>/v1/leads?sort=-score</code></a>: the leads, best first</li>
<li><a href="/v1/segments"><code>/v1/segments</code></a>: the customers' segments</li>
<li><a href="/v1/health"><code>/v1/health</code></a>, <a href="/v1/lag"><code>/v1/lag</code></a>,
<a href="/v1/dead-letters"><code>/v1/dead-letters</code></a>: for operators</li>
<li><a href="/openapi.json"><code>/openapi.json</code></a>: every route</li>
</ul>
</html>
"""
