"""Composition of the gateway: its routes, its middleware, and the tasks that run beside them."""
import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from chassis.domain.definitions import Definitions
from chassis.http.problems import ProblemError, not_in_this_release
from chassis.http.routing import create_app
from chassis.ports import Bus, Store
from chassis.runtime.application import zone_of
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from services.gateway import console, dead_letters, event_feed, event_intake, operators
from services.gateway.api_reference import routes as reference_routes
from services.gateway.auth import sign_in
from services.gateway.auth.address import listen_address
from services.gateway.auth.browser import BrowserSignIn
from services.gateway.auth.identification import Authenticator
from services.gateway.auth.keys import ApiKeys
from services.gateway.auth.provider import OidcProvider
from services.gateway.auth.sessions import Sessions
from services.gateway.auth.tokens import BearerTokens
from services.gateway.middleware import RequestMiddleware
from services.gateway.middleware.audit_log import AuditLog
from services.gateway.organisation import OrganisationDirectory, OrganisationReader
from services.gateway.pages import composition, people
from services.gateway.proxy import Proxy
from services.gateway.references import BodyReferences
from services.gateway.routes import owner_of, unavailable_capability
from services.gateway.stream.feed import FOLLOWED_TOPICS, LiveFeed
from services.gateway.stream.server_sent_events import LiveStreams

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class GatewayApp:
    """Implements `PublicApp`. Own routes are matched first; every other path is forwarded to the service that owns it.

    Raises UnsafeAddress when the address must not be served with these settings.
    """

    def __init__(
        self, settings: Settings, bus: Bus, store: Store, definitions: Definitions | None = None,
    ) -> None:
        listen_address(settings)
        definitions = definitions or Definitions()
        self.settings, self.bus, self.store = settings, bus, store
        zone = zone_of(settings, definitions)
        self.proxy, self.audit_log = Proxy(settings), AuditLog(store, settings.audit_days)
        self.references = BodyReferences(self.proxy)
        self.directory = OrganisationDirectory(definitions, zone)
        self.sessions, self.keys = Sessions(store), ApiKeys(store)
        self.provider = OidcProvider(settings.oidc_issuer) if settings.oidc_issuer else None
        tokens = BearerTokens(settings, self.provider) if self.provider else None
        self.authenticator = Authenticator(settings, self.sessions, self.directory, self.keys, tokens)
        self.browser = BrowserSignIn(settings, store, self.sessions, self.provider)
        self.live_feed = LiveFeed(bus, self.proxy, zone)
        self.live_streams = LiveStreams(settings, bus, self.live_feed, self.authenticator)
        self._reader = OrganisationReader(bus, self.directory, zone)
        self._stopping = asyncio.Event()
        self.asgi = self._assemble()

    def _assemble(self) -> FastAPI:
        app = create_app("Triptych", self._routers(), openapi_url=None)
        app.add_middleware(RequestMiddleware, settings=self.settings, authenticator=self.authenticator,
                           audit_log=self.audit_log)
        app.include_router(reference_routes.router(app.openapi(), self.proxy))
        app.add_api_route("/{path:path}", self._forward, methods=METHODS, include_in_schema=False)
        return app

    def _routers(self) -> Sequence[APIRouter]:
        return [
            event_intake.router(self.settings, self.bus), event_feed.router(self.bus), dead_letters.router(self.proxy),
            operators.router(self.settings, self.proxy, self.store, self.audit_log),
            sign_in.router(self.settings, self.sessions, self.directory), self.browser.router(),
            self.live_streams.router(), people.router(self.directory), composition.router(self.proxy, self.directory),
        ]

    async def _forward(self, path: str, request: Request) -> Response:
        full = request.url.path
        capability = unavailable_capability(request.method, full)
        if capability:
            raise not_in_this_release(capability)
        service = owner_of(full, request.method)
        if service is None and (full == "/v1" or full.startswith("/v1/")):
            raise ProblemError(404, "not_found", f"There is nothing at {full}.")
        if service is None:
            return console.serve(path, request)
        body, caller = await request.body(), request.state.caller
        if caller is not None and body:
            body = await self.references.check(caller, request.state.permission, request.method, full, body)
        return await self.proxy.forward(request, service, body)

    async def run(self) -> None:
        """Until `stop`. Raises what a task failed with: the gateway must not go on with an outdated directory."""
        await self.bus.ensure_topics({name: TOPICS[name].partitions for name in FOLLOWED_TOPICS})
        coroutines = [self._reader.run(), self.live_feed.run(), *([self.provider.run()] if self.provider else [])]
        tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def stop(self) -> None:
        self._stopping.set()
        self.live_streams.stop()

    async def close(self) -> None:
        await self.proxy.close()
        if self.provider is not None:
            await self.provider.close()
