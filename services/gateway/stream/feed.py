"""Follows the log and sends each subscription what changed: the current state, read from the services.

The log only triggers the reads. They happen under the scope of the subscriber, so no event content is forwarded.
"""
import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog

from chassis.http.access import EVERYTHING, Access, Scope
from chassis.http.problems import ProblemError
from chassis.ports import Bus, BusUnavailable
from chassis.support.clock import utc_now
from contracts.topics import TOPICS
from services.gateway.proxy import Proxy
from services.gateway.stream.positions import TOPIC, StreamPosition
from services.gateway.stream.subscription import (
    KPIS,
    OPPORTUNITIES,
    WORKLIST,
    LiveChannel,
    LiveMessage,
    LiveSubscription,
)

TICK_SECONDS = 0.25
REFRESH_SECONDS = 1.0  # between two reads of measures and worklists
SETTLE_SECONDS = 2.0  # after the last event in which measures may still change, and longer while services lag
MAX_CHANGED_DEALS = 200
SNAPSHOT_DEALS = 100
CONCURRENT_REQUESTS = 8
RETRY_SECONDS = 2.0
FULL_ACCESS = Access("live", EVERYTHING)
FOLLOWED_TOPICS = tuple(name for name in TOPICS if ".internal." not in name)
log = structlog.get_logger()


class LiveFeed:
    def __init__(self, bus: Bus, proxy: Proxy, zone: ZoneInfo) -> None:
        self._bus, self._proxy, self._zone = bus, proxy, zone
        self._subscriptions: set[LiveSubscription] = set()
        self._changed: dict[str, str] = {}  # {deal: type of its last event}
        self._last_event = self._last_refresh = 0.0  # monotonic seconds
        self._last_event_at, self._behind = utc_now(), False
        self._sent: dict[tuple[str, str, Scope], Any] = {}
        self.positions: StreamPosition | None = None
        self._sent_position = ""
        self._event_received = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._tick())

    async def subscribe(self, channels: tuple[LiveChannel, ...]) -> LiveSubscription:
        """Deltas are queued from now on; snapshots are read afterwards, so no change is missed between them."""
        if self.positions is None:
            self.positions = await StreamPosition.at_end(self._bus)
            self._sent_position = self.positions.text()
        subscription = LiveSubscription(channels)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: LiveSubscription) -> None:
        self._subscriptions.discard(subscription)
        open_keys = {_key(c) for other in self._subscriptions for c in other.channels}
        self._sent = {key: value for key, value in self._sent.items() if key in open_keys}

    def wake_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.awake.set()

    def position(self) -> str:
        """Every change of a deal before it has been sent. Resuming there repeats some changes and misses none."""
        return self._sent_position

    # --- snapshots ---------------------------------------------------------------------------------------------------

    async def snapshot(self, subscription: LiveSubscription, channel: LiveChannel) -> LiveMessage:
        body = await self._current(channel)
        if channel.kind == OPPORTUNITIES:
            for item in body["items"]:
                subscription.remember(item["opportunity_id"])
        else:
            self._sent[_key(channel)] = _comparable(body)
        return LiveMessage("snapshot", {"channel": channel.name, **body}, self.position())

    async def _current(self, channel: LiveChannel) -> dict[str, Any]:
        if channel.kind == OPPORTUNITIES:
            path, query = "/v1/opportunities", f"sort=-updated&limit={SNAPSHOT_DEALS}"
        elif channel.kind == WORKLIST:
            path, query = "/v1/worklist", f"rep_id={quote(channel.subject)}"
        else:
            month = utc_now().astimezone(self._zone).strftime("%Y-%m")
            path, query = f"/v1/kpis/{channel.subject}", f"period={month}&compare=previous"
        return await self._proxy.get_json(path, query, channel.access)

    # --- changes -----------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            try:
                async for record in self._bus.tail(FOLLOWED_TOPICS):
                    self._last_event, self._last_event_at = time.monotonic(), utc_now()
                    self._event_received.set()
                    if record.topic != TOPIC or self.positions is None:  # without positions, nobody has subscribed yet
                        continue
                    self.positions.advance(record.partition, record.offset)
                    if record.key and self._subscriptions:
                        self._changed[record.key.decode("utf-8", "replace")] = _type(record.headers)
            except BusUnavailable as error:
                log.warning("log cannot be followed; retrying", error=str(error))
                for subscription in self._subscriptions:  # a snapshot contains the changes of the meantime
                    subscription.overflow()
            await asyncio.sleep(RETRY_SECONDS)

    async def _tick(self) -> None:
        """Idle while no event arrives and no measure can change."""
        while True:
            await self._event_received.wait()
            self._event_received.clear()
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.publish_changes()
            except ProblemError as problem:  # a service is unavailable: the changes are sent when it is back
                log.info("live stream waits for a service", code=problem.code)
            if self._changed or self._settling():
                self._event_received.set()

    def _settling(self) -> bool:
        """Whether subscribed measures may still change because of received events."""
        return bool(self._subscriptions) and (self._behind or time.monotonic() - self._last_event < SETTLE_SECONDS)

    async def publish_changes(self) -> None:
        changed, self._changed = self._changed, {}
        at = self.positions.text() if self.positions else ""
        if changed and self._watching(OPPORTUNITIES):
            try:
                await self._publish_deals(changed, at)
            except ProblemError:
                self._changed = {**changed, **self._changed}
                raise
        self._sent_position = at
        if self._settling() and time.monotonic() - self._last_refresh >= REFRESH_SECONDS:
            self._last_refresh = time.monotonic()
            await self._publish_measures_and_worklists()

    def _watching(self, kind: str) -> list[tuple[LiveSubscription, LiveChannel]]:
        return [(x, c) for x in self._subscriptions for c in x.channels if c.kind == kind]

    async def _publish_deals(self, changed: Mapping[str, str], at: str) -> None:
        if len(changed) > MAX_CHANGED_DEALS:
            for subscription, _ in self._watching(OPPORTUNITIES):
                subscription.overflow()
            return
        items = await self.deals(changed)
        for subscription, channel in self._watching(OPPORTUNITIES):
            for id, type in changed.items():
                delta = self.delta(subscription, channel, id, items.get(id), type)
                if delta is not None:
                    subscription.send(LiveMessage("delta", delta, at))

    async def deals(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Read once for all subscribers with full access; `delta` leaves out what is not in a subscriber's scope."""
        limit = asyncio.Semaphore(CONCURRENT_REQUESTS)

        async def read_one(id: str) -> tuple[str, dict[str, Any] | None]:
            async with limit:
                try:
                    return id, await self._proxy.get_json(f"/v1/opportunities/{quote(id, safe=':')}", "", FULL_ACCESS)
                except ProblemError as problem:
                    if problem.status != 404:
                        raise
                    return id, None

        return {id: item for id, item in await asyncio.gather(*(read_one(id) for id in ids)) if item is not None}

    @staticmethod
    def delta(
        subscription: LiveSubscription, channel: LiveChannel, id: str, item: Mapping[str, Any] | None,
        type: str | None,
    ) -> dict[str, Any] | None:
        """The change of a deal as this subscriber may see it; None when it concerns no deal in scope."""
        if item is not None and channel.access.scope.matches(item):
            subscription.remember(id)
            return {"channel": channel.name, "opportunity_id": id, "type": type, "item": item}
        if id in subscription.known:
            del subscription.known[id]
            return {"channel": channel.name, "opportunity_id": id, "type": type, "removed": True}
        return None

    async def _publish_measures_and_worklists(self) -> None:
        """Each is read once for all subscribers of the same scope, and sent when it has changed."""
        self._behind = False
        watching: dict[tuple[str, str, Scope], list[tuple[LiveSubscription, LiveChannel]]] = {}
        for subscription, channel in [*self._watching(KPIS), *self._watching(WORKLIST)]:
            watching.setdefault(_key(channel), []).append((subscription, channel))
        for key, receivers in watching.items():
            body = await self._current(receivers[0][1])
            self._behind |= _complete_until(body) < self._last_event_at
            if self._sent.get(key) == _comparable(body):
                continue
            self._sent[key] = _comparable(body)
            for subscription, channel in receivers:
                subscription.send(LiveMessage("delta", {"channel": channel.name, **body}))


def _key(channel: LiveChannel) -> tuple[str, str, Scope]:
    return channel.kind, channel.subject, channel.access.scope


def _comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without the members that differ at each read."""
    return {k: v for k, v in body.items() if k not in ("as_of", "complete_until")}


def _complete_until(body: Mapping[str, Any]) -> datetime:
    """The time up to which a measure includes all events; a worklist is always current."""
    until = body.get("complete_until")
    return datetime.fromisoformat(until) if until else datetime.max.replace(tzinfo=UTC)


def _type(headers: Iterable[tuple[str, bytes]]) -> str:
    return next((value.decode("utf-8", "replace") for name, value in headers if name == "ce_type"), "")
