"""The parts of the door put together, and what runs beside its routes: readers of the log, refreshing of keys."""
import asyncio
from collections.abc import Sequence

from fastapi import APIRouter

from chassis.application import zone_of
from chassis.definitions import Definitions
from chassis.ports import Bus, Store
from chassis.settings import Settings
from services.gateway import intake, letters, operators
from services.gateway.auth import sign_in
from services.gateway.auth.identify import Identifier
from services.gateway.auth.keys import ApiKeys
from services.gateway.auth.sessions import Sessions
from services.gateway.gate.audit import Audit
from services.gateway.organisation import Organisation, OrganisationReader
from services.gateway.proxy import Proxy


class Door:
    def __init__(self, settings: Settings, bus: Bus, store: Store, definitions: Definitions) -> None:
        self.settings, self.bus, self.store = settings, bus, store
        zone = zone_of(settings, definitions)
        self.proxy, self.audit = Proxy(settings), Audit(store)
        self.organisation = Organisation(definitions, zone)
        self.sessions, self.keys = Sessions(store), ApiKeys(store)
        self.identifier = Identifier(settings, self.sessions, self.organisation, self.keys, None)
        self._reader = OrganisationReader(bus, self.organisation, zone)
        self._stopping = asyncio.Event()

    def routers(self) -> Sequence[APIRouter]:
        return [
            intake.router(self.settings, self.bus), letters.router(self.proxy),
            operators.router(self.settings, self.proxy, self.store),
            sign_in.router(self.settings, self.sessions, self.organisation),
        ]

    async def run(self) -> None:
        """Until `stop`."""
        readers = [asyncio.create_task(self._reader.run())]
        try:
            await self._stopping.wait()
        finally:
            for task in readers:
                task.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def stop(self) -> None:
        self._stopping.set()
