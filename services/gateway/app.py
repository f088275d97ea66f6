"""The parts of the door put together, and what runs beside its routes: readers of the log, refreshing of keys."""
import asyncio
from collections.abc import Sequence

from fastapi import APIRouter

from chassis.domain.definitions import Definitions
from chassis.ports import Bus, Store
from chassis.runtime.application import zone_of
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from services.gateway import dead_letters, event_feed, event_intake, operators
from services.gateway.auth import sign_in
from services.gateway.auth.browser import Browser
from services.gateway.auth.identification import Identifier
from services.gateway.auth.keys import ApiKeys
from services.gateway.auth.provider import Provider
from services.gateway.auth.sessions import Sessions
from services.gateway.auth.tokens import Tokens
from services.gateway.middleware.audit_log import Audit
from services.gateway.organisation import Organisation, OrganisationReader
from services.gateway.pages import composition, people
from services.gateway.proxy import Proxy
from services.gateway.references import References
from services.gateway.stream.feed import TELLING, Feed
from services.gateway.stream.live import Live


class Door:
    def __init__(self, settings: Settings, bus: Bus, store: Store, definitions: Definitions) -> None:
        self.settings, self.bus, self.store = settings, bus, store
        zone = zone_of(settings, definitions)
        self.proxy, self.audit = Proxy(settings), Audit(store, settings.audit_days)
        self.references = References(self.proxy)
        self.organisation = Organisation(definitions, zone)
        self.sessions, self.keys = Sessions(store), ApiKeys(store)
        self.provider = Provider(settings.oidc_issuer) if settings.oidc_issuer else None
        tokens = Tokens(settings, self.provider) if self.provider else None
        self.identifier = Identifier(settings, self.sessions, self.organisation, self.keys, tokens)
        self.browser = Browser(settings, store, self.sessions, self.provider)
        self.feed = Feed(bus, self.proxy, zone)
        self.live = Live(settings, bus, self.feed, self.identifier)
        self._reader = OrganisationReader(bus, self.organisation, zone)
        self._stopping = asyncio.Event()

    def routers(self) -> Sequence[APIRouter]:
        return [
            event_intake.router(self.settings, self.bus), event_feed.router(self.bus), dead_letters.router(self.proxy),
            operators.router(self.settings, self.proxy, self.store, self.audit),
            sign_in.router(self.settings, self.sessions, self.organisation), self.browser.router(),
            self.live.router(),
            people.router(self.organisation), composition.router(self.proxy, self.organisation),
        ]

    async def run(self) -> None:
        """Until `stop`. Raises what a reader died of: a tree that is no longer read would go on being believed."""
        await self.bus.ensure_topics({name: TOPICS[name].partitions for name in TELLING})
        works = [self._reader.run(), self.feed.run(), *([self.provider.run()] if self.provider else [])]
        tasks = [asyncio.create_task(work) for work in works]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
            if self.provider is not None:
                await self.provider.stop()

    async def stop(self) -> None:
        self._stopping.set()
        self.live.stop()
