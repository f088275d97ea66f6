"""One service running for a test, on memory or on the embedded log and store, with an HTTP client of its API."""
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.sqlite import SqliteBus, SqliteStore
from chassis.domain.definitions import read_directory
from chassis.ports import Bus, Store
from chassis.runtime.application import Application
from chassis.service.description import Service
from chassis.support.settings import Settings
from tests.adapters.waiting import until

DEFINITIONS = Path(__file__).parents[2] / "definitions"


@dataclass
class RunningService:
    """`client`: of the service's own API, without the gateway."""

    app: Application
    client: httpx.AsyncClient

    async def settle(self) -> None:
        """Waits until every event that was published is processed."""
        async def processed() -> bool:
            return not any((await self.app.freshness())["lag"].values())

        await until(processed, "every event is processed")

    async def publish(self, event: Any, id: str, time: Any = None) -> None:
        """Publishes an event as an enterprise system does, and waits until it is processed."""
        await self.app.publish(event, time=time or self.app.now(), source="/crm", id=id)
        await self.settle()


def ports(kind: str, directory: Path) -> tuple[Bus, Store]:
    if kind == "memory":
        return MemoryBus(), MemoryStore()
    bus = SqliteBus(directory / "triptych.db")
    return bus, SqliteStore(bus.database)


@asynccontextmanager
async def running_service(description: Service, kind: str, directory: Path) -> AsyncIterator[RunningService]:
    """`kind`: memory, or sqlite in the directory."""
    bus, store = ports(kind, directory)
    await bus.start()
    await store.start()
    app = Application(description, Settings(data_dir=directory), store, bus, read_directory(DEFINITIONS))
    await app.start()
    task = asyncio.create_task(app.run())
    transport = httpx.ASGITransport(app=app.api())
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://triptych") as client:
            yield RunningService(app, client)
    finally:
        await app.stop()
        await task
        await store.stop()
        await bus.stop()
