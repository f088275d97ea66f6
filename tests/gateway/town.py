"""The whole system in one process: every service on one log and store, the public door before them, no sockets."""
import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from chassis.domain.definitions import publish, read_directory
from chassis.http.access import seal_of
from chassis.ports import Bus, Store
from chassis.runtime.application import Application
from chassis.runtime.host import find_services
from chassis.support.settings import SERVICES, Settings
from contracts.topics import TOPICS
from services.gateway.api import gateway_app
from tests.adapters.waiting import until
from tests.gateway import published
from tests.living import DEFINITIONS, ports


@dataclass
class Town:
    """`door`: a client of the public door, as a browser on this machine would be. `away`: services that are down."""

    door: httpx.AsyncClient
    services: Mapping[str, Application]
    bus: Bus
    app: Any
    streets: "Streets"

    async def quiet(self) -> None:
        """Everything that was said is heard, and what came of it too."""
        still = 0

        async def heard() -> bool:
            nonlocal still
            lags = [any((await app.settled())["lag"].values()) for app in self.services.values()]
            still = 0 if any(lags) else still + 1
            return still >= 2

        await until(heard, 30, "every event is heard")

    async def publish(self, *events: Mapping[str, Any]) -> httpx.Response:
        answer = await self.door.post("/v1/events", json=list(events))
        await self.quiet()
        return answer


class Streets(httpx.AsyncBaseTransport):
    """Every port leads to the app that would listen there; a service that is away cannot be reached."""

    def __init__(self, apps: Mapping[int, Any]) -> None:
        self.doors = {port: httpx.ASGITransport(app=app) for port, app in apps.items()}
        self.away: set[int] = set()
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        port = request.url.port or 80
        if port in self.away:
            raise httpx.ConnectError("nobody listens there", request=request)
        return await self.doors[port].handle_async_request(request)


@asynccontextmanager
async def town(kind: str | tuple[Bus, Store], directory: Path, **more: Any) -> AsyncIterator[Town]:
    settings = Settings(data_dir=directory, definitions=DEFINITIONS, **more)
    bus, store = ports(kind, directory) if isinstance(kind, str) else kind
    await bus.start()
    await store.start()
    await bus.ensure_topics({t.name: t.partitions for t in TOPICS.values()})
    definitions = await publish(store, read_directory(DEFINITIONS))
    services = {s.name: Application(s, settings, store, bus, definitions) for s in find_services()
                if s.name in SERVICES}
    for app in services.values():
        await app.start()
    tasks = [asyncio.create_task(app.run()) for app in services.values()]
    seal = seal_of(settings)
    apps: dict[int, Any] = {settings.port(n): app.guarded(seal) for n, app in services.items()}
    apps |= {settings.management_port(n): app.management() for n, app in services.items()}
    gateway = gateway_app(settings, bus, store, definitions)
    streets = Streets(apps)
    await gateway.state.proxy.client.aclose()
    gateway.state.proxy.client = httpx.AsyncClient(transport=streets)
    beside = asyncio.create_task(gateway.state.door.run())
    public = httpx.ASGITransport(app=gateway, client=("127.0.0.1", 50_000))
    try:
        async with httpx.AsyncClient(transport=public, base_url=f"http://{settings.http}",
                                     event_hooks={"response": [published.hold]}) as door:
            yield Town(door, services, bus, gateway, streets)
    finally:
        await gateway.state.door.stop()
        await beside
        for app in services.values():
            await app.stop()
        await asyncio.gather(*tasks)
        await gateway.state.proxy.stop()
        await store.stop()
        await bus.stop()
