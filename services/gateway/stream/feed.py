"""Hears what is said on the log, and tells each listener what has changed for it: the state as it now stands.

What is told comes from the services, under the scope of who listens; the log only says that it is time to look.
"""
import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import orjson
import structlog

from chassis.http.access import EVERYTHING, Access, Scope
from chassis.http.routing import Passed, Problem
from chassis.ports import Bus, BusUnavailable
from contracts.topics import TOPICS
from services.gateway.proxy import Proxy
from services.gateway.stream.listener import KPIS, OPPORTUNITIES, WORKLIST, Channel, Listener, Told
from services.gateway.stream.positions import TOPIC, Positions

TICK = 0.25
FIGURES_EVERY = 1.0
FIGURES_AFTER = 2.0  # seconds after the last event in which figures may still move, and longer while they lag
MOST_AT_ONCE = 200
LATEST = 100
AGAIN = 2.0
LIVE = Access("live", EVERYTHING)
TELLING = tuple(name for name in TOPICS if ".internal." not in name)
log = structlog.get_logger()


class Feed:
    def __init__(self, bus: Bus, proxy: Proxy, zone: ZoneInfo) -> None:
        self._bus, self._proxy, self._zone = bus, proxy, zone
        self._listeners: set[Listener] = set()
        self._changed: dict[str, str] = {}
        self._heard_at = self._figures_at = 0.0
        self._heard_on, self._behind = datetime.now(UTC), False
        self._last: dict[tuple[str, str, Scope], Any] = {}
        self.positions: Positions | None = None
        self._told = ""
        self._news = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._tick())

    async def join(self, channels: tuple[Channel, ...]) -> Listener:
        """From now on it is told; what stands is asked for afterwards, so nothing falls between."""
        if self.positions is None:
            self.positions = await Positions.at_end(self._bus)
            self._told = self.positions.text()
        listener = Listener(channels)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        held = {_key(c) for other in self._listeners for c in other.channels}
        self._last = {key: value for key, value in self._last.items() if key in held}

    def wake(self) -> None:
        for listener in self._listeners:
            listener.awake.set()

    def position(self) -> str:
        """Up to where every change of a deal has been told: to go on from there repeats some, and misses none."""
        return self._told

    # --- what stands -------------------------------------------------------------------------------------------------

    async def snapshot(self, listener: Listener, channel: Channel) -> Told:
        body = await self._standing(channel)
        if channel.kind == OPPORTUNITIES:
            for item in body["items"]:
                listener.saw(item["opportunity_id"])
        else:
            self._last[_key(channel)] = _lasting(body)
        return Told("snapshot", {"channel": channel.name, **body}, self.position())

    async def _standing(self, channel: Channel) -> dict[str, Any]:
        match channel.kind:
            case "opportunities":
                return await self._ask("pipeline", "/v1/opportunities", f"sort=-updated&limit={LATEST}", channel.access)
            case "worklist":
                return await self._ask("pipeline", "/v1/worklist", f"rep_id={quote(channel.of)}", channel.access)
            case _:
                month = datetime.now(UTC).astimezone(self._zone).strftime("%Y-%m")
                return await self._ask(
                    "kpi", f"/v1/kpis/{channel.of}", f"period={month}&compare=previous", channel.access)

    async def _ask(self, service: str, path: str, query: str, access: Access) -> dict[str, Any]:
        found = await self._proxy.ask(service, "GET", path, query, seen_by=access)
        body = orjson.loads(found.content)
        if found.status_code != 200:
            raise Passed(found.status_code, body)
        return dict(body)

    # --- what changes ------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                async for record in self._bus.tail(TELLING):
                    self._heard_at, self._heard_on = time.monotonic(), datetime.now(UTC)
                    self._news.set()
                    if record.topic != TOPIC or self.positions is None:  # nobody has ever listened
                        continue
                    self.positions.passed(record.partition, record.offset)
                    if record.key and self._listeners:
                        self._changed[record.key.decode("utf-8", "replace")] = _type(record.headers)
            except BusUnavailable as error:
                log.warning("the log cannot be followed", error=str(error))
                for listener in self._listeners:  # what was said meanwhile is in a snapshot
                    listener.overrun = True
                    listener.awake.set()
            await asyncio.sleep(AGAIN)

    async def _tick(self) -> None:
        """Asleep while nothing is said and nothing moves."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(TICK)
            try:
                await self.tell_changes()
            except Problem as problem:  # a service is away for a moment: what changed is told when it is back
                log.info("live stream waits", code=problem.code)
            if self._changed or self._moving():
                self._news.set()

    def _moving(self) -> bool:
        """Whether figures that somebody looks at may still change because of what was heard."""
        return bool(self._listeners) and (self._behind or time.monotonic() - self._heard_at < FIGURES_AFTER)

    async def tell_changes(self) -> None:
        changed, self._changed = self._changed, {}
        at = self.positions.text() if self.positions else ""
        if changed and self._on(OPPORTUNITIES):
            try:
                await self._tell_deals(changed, at)
            except Problem:
                self._changed = {**changed, **self._changed}
                raise
        self._told = at
        if self._moving() and time.monotonic() - self._figures_at >= FIGURES_EVERY:
            self._figures_at = time.monotonic()
            await self._tell_standing()

    def _on(self, kind: str) -> list[tuple[Listener, Channel]]:
        return [(x, c) for x in self._listeners for c in x.channels if c.kind == kind]

    async def _tell_deals(self, changed: Mapping[str, str], at: str) -> None:
        if len(changed) > MOST_AT_ONCE:
            for listener, _ in self._on(OPPORTUNITIES):
                listener.overrun = True
                listener.awake.set()
            return
        items = await self.deals(changed)
        for listener, channel in self._on(OPPORTUNITIES):
            for id, type in changed.items():
                told = self.delta(listener, channel, id, items.get(id), type)
                if told is not None:
                    listener.tell(Told("delta", told, at))

    async def deals(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Asked once for all listeners, whoever may see them; `delta` holds them back from who may not."""
        limit = asyncio.Semaphore(8)

        async def one(id: str) -> tuple[str, dict[str, Any] | None]:
            async with limit:
                try:
                    return id, await self._ask("pipeline", f"/v1/opportunities/{quote(id, safe=':')}", "", LIVE)
                except Problem as problem:
                    if problem.status != 404:
                        raise
                    return id, None

        return {id: item for id, item in await asyncio.gather(*(one(id) for id in ids)) if item is not None}

    @staticmethod
    def delta(
        listener: Listener, channel: Channel, id: str, item: Mapping[str, Any] | None, type: str | None,
    ) -> dict[str, Any] | None:
        """What this listener may know of the deal; None: nothing."""
        if item is not None and channel.access.scope.holds(item):
            listener.saw(id)
            return {"channel": channel.name, "opportunity_id": id, "type": type, "item": item}
        if id in listener.seen:
            del listener.seen[id]
            return {"channel": channel.name, "opportunity_id": id, "type": type, "removed": True}
        return None

    async def _tell_standing(self) -> None:
        """Figures and worklists, each asked once for all who may see the same of it, told when they differ."""
        self._behind = False
        waiting: dict[tuple[str, str, Scope], list[tuple[Listener, Channel]]] = {}
        for listener, channel in [*self._on(KPIS), *self._on(WORKLIST)]:
            waiting.setdefault(_key(channel), []).append((listener, channel))
        for key, found in waiting.items():
            body = await self._standing(found[0][1])
            self._behind |= _counted(body) < self._heard_on
            if self._last.get(key) == _lasting(body):
                continue
            self._last[key] = _lasting(body)
            for listener, channel in found:
                listener.tell(Told("delta", {"channel": channel.name, **body}))


def _key(channel: Channel) -> tuple[str, str, Scope]:
    return channel.kind, channel.of, channel.access.scope


def _lasting(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what differs from moment to moment."""
    return {k: v for k, v in body.items() if k not in ("as_of", "complete_until")}


def _counted(body: Mapping[str, Any]) -> datetime:
    """Up to when the answer has counted everything; what is no figure is always of now."""
    until = body.get("complete_until")
    return datetime.fromisoformat(until) if until else datetime.max.replace(tzinfo=UTC)


def _type(headers: Iterable[tuple[str, bytes]]) -> str:
    return next((value.decode("utf-8", "replace") for name, value in headers if name == "ce_type"), "")
