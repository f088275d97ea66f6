"""All services on one log and store behind the gateway, in one process without sockets."""
import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from chassis.domain.definitions import publish, read_directory
from chassis.http.access import sealer_from_settings
from chassis.ports import Bus, Store
from chassis.runtime.application import Application
from chassis.service.addresses import api_port, management_port
from chassis.service.discovery import internal_services
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from services.gateway.app import GatewayApp
from tests.adapters.waiting import until
from tests.gateway import openapi_validation
from tests.support.running_service import DEFINITIONS, ports


class LocalNetwork(httpx.AsyncBaseTransport):
    """Routes each port to the application that listens there. Ports in `unavailable` refuse the connection."""

    def __init__(self, apps: Mapping[int, Any]) -> None:
        self.transports = {port: httpx.ASGITransport(app=app) for port, app in apps.items()}
        self.unavailable: set[int] = set()
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        port = request.url.port or 80
        if port in self.unavailable:
            raise httpx.ConnectError("connection refused", request=request)
        return await self.transports[port].handle_async_request(request)


@dataclass
class GatewayHarness:
    """`client`: a client on this machine, without credentials."""

    client: httpx.AsyncClient
    services: Mapping[str, Application]
    bus: Bus
    gateway: GatewayApp
    network: LocalNetwork

    async def settle(self) -> None:
        """Waits until every event and every event that results from it is processed."""
        rounds = 0

        async def processed() -> bool:
            nonlocal rounds
            lags = [any((await app.freshness())["lag"].values()) for app in self.services.values()]
            rounds = 0 if any(lags) else rounds + 1
            return rounds >= 2

        await until(processed, "every event is processed")

    async def publish(self, *events: Mapping[str, Any]) -> httpx.Response:
        response = await self.client.post("/v1/events", json=list(events))
        await self.settle()
        return response


@asynccontextmanager
async def gateway_harness(
    kind: str | tuple[Bus, Store], directory: Path, **settings_: Any,
) -> AsyncIterator[GatewayHarness]:
    """`kind`: "memory" or "sqlite", or a bus and a store."""
    settings = Settings(data_dir=directory, definitions=DEFINITIONS, **settings_)
    bus, store = ports(kind, directory) if isinstance(kind, str) else kind
    await bus.start()
    await store.start()
    await bus.ensure_topics({t.name: t.partitions for t in TOPICS.values()})
    definitions = await publish(store, read_directory(DEFINITIONS))
    services = {s.name: Application(s, settings, store, bus, definitions) for s in internal_services()}
    for app in services.values():
        await app.start()
    tasks = [asyncio.create_task(app.run()) for app in services.values()]
    sealer = sealer_from_settings(settings)
    apps: dict[int, Any] = {api_port(settings, n): app.guarded(sealer) for n, app in services.items()}
    apps |= {management_port(settings, n): app.management() for n, app in services.items()}
    gateway, network = GatewayApp(settings, bus, store, definitions), LocalNetwork(apps)
    await gateway.proxy.client.aclose()
    gateway.proxy.client = httpx.AsyncClient(transport=network)
    tasks.append(asyncio.create_task(gateway.run()))
    public = httpx.ASGITransport(app=gateway.asgi, client=("127.0.0.1", 50_000))
    try:
        async with httpx.AsyncClient(transport=public, base_url=f"http://{settings.http}",
                                     event_hooks={"response": [openapi_validation.validate_response]}) as client:
            yield GatewayHarness(client, services, bus, gateway, network)
    finally:
        await gateway.stop()
        for app in services.values():
            await app.stop()
        await asyncio.gather(*tasks)
        await gateway.close()
        await store.stop()
        await bus.stop()
