"""A service that lives for one test, on memory or on the embedded log and store, with its doors."""
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

DEFINITIONS = Path(__file__).parents[1] / "definitions"


@dataclass
class House:
    """`door`: a client of the service's own API."""

    app: Application
    door: httpx.AsyncClient

    async def quiet(self) -> None:
        """Everything that was said is heard."""
        async def heard() -> bool:
            return not any((await self.app.settled())["lag"].values())

        await until(heard, 20, "every event is heard")

    async def say(self, event: Any, id: str, time: Any = None) -> None:
        await self.app.say(event, time=time or self.app.now(), source="/crm", id=id)
        await self.quiet()


def ports(kind: str, directory: Path) -> tuple[Bus, Store]:
    if kind == "memory":
        return MemoryBus(), MemoryStore()
    bus = SqliteBus(directory / "triptych.db")
    return bus, SqliteStore(bus.database)


@asynccontextmanager
async def living(service: Service, kind: str, directory: Path) -> AsyncIterator[House]:
    bus, store = ports(kind, directory)
    await bus.start()
    await store.start()
    app = Application(service, Settings(data_dir=directory), store, bus, read_directory(DEFINITIONS))
    await app.start()
    task = asyncio.create_task(app.run())
    transport = httpx.ASGITransport(app=app.api())
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://triptych") as door:
            yield House(app, door)
    finally:
        await app.stop()
        await task
        await store.stop()
        await bus.stop()
