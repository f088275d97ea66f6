"""The one loop of the house (protocol A): route, load, decide, save, publish. The worker commits when it returns.

One document is one atomic unit: its fences say which offsets it has taken, its outbox what it still owes. Whoever
runs a batch again, after whatever crash, finds there what was done, and publishes again what may not have been.
"""
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chassis.aggregates.aggregate_store import AggregateStore, owed
from chassis.aggregates.documents import NO_FENCE_KEY, OutboxEntry, row_of
from chassis.aggregates.fence_keys import FenceKeys
from chassis.aggregates.unit_of_work import Delivery, FailedRecord, UnitOfWork
from chassis.domain.handlers import CommandFor
from chassis.messages.envelope import Message
from chassis.ports import Bus, Collection, Document, Outgoing, Store, StoreUnavailable, TopicPartition
from chassis.service.description import ServiceComponents
from chassis.support import failpoints
from chassis.support.metrics import Metrics
from contracts.topics import ENTERPRISE, TOPICS

TRIES = 20  # of saving against other writers, before the whole batch is begun again
YIELD_SECONDS = 0.005  # of pure work, before others get their turn

DeadLetterSink = Callable[[Sequence[FailedRecord]], Awaitable[None]]


class Share(NamedTuple):
    """What was polled of one partition: `messages` of the records from `lo` up to but not including `hi`."""

    lo: int
    hi: int
    messages: Sequence[Message]


Batch = Mapping[TopicPartition, Share]


class Runner:
    """Runs the deciders of one service. `bury` makes dead letters; it is awaited before anything is saved."""

    def __init__(
        self, service: str, parts: ServiceComponents, store: Store, bus: Bus, dead_letter: DeadLetterSink, *, identity: str = "",
        topics: Sequence[str] = (), metrics: Metrics | None = None, effects_within: timedelta = timedelta(days=7),
    ) -> None:
        self.service, self.store, self.bus, self.dead_letter = service, store, bus, dead_letter
        self.metrics = metrics or Metrics(service)
        self.effects_within = effects_within
        self.aggregates = {a.name: AggregateStore(service, a) for a in parts.aggregates}
        self.fence_keys = FenceKeys(service, identity)
        self._handlers = parts.handlers
        self._topics = tuple(topics)
        self._settled: dict[int, int] = {}  # place -> offset below which everything is known to be published
        self._internal = frozenset(n for n, t in TOPICS.items() if t.owner != ENTERPRISE)

    def collections(self) -> list[Collection]:
        return [c for room in self.aggregates.values() for c in room.codec.collections()]

    async def start(self) -> None:
        await self.store.ensure(self.collections())
        await self.fence_keys.enter(self.store, self._topics)

    # --- 1 to 5 ------------------------------------------------------------------------------------------------------

    async def run(self, batch: Batch) -> None:
        """Take everything in, once; returns when all that came of it is published.

        Raises StoreUnavailable or BusUnavailable: nothing is lost then, the same batch is to be run again.
        """
        for place, share in batch.items():
            self._settle(place, share.lo)
        works, dead = self._route(batch)
        if dead:
            await self.dead_letter(dead)
        await self.finish(works, self._apply)
        for place, share in batch.items():
            self._settle(place, share.hi)

    async def wake(self, aggregate: str, keys: Iterable[str], now: datetime) -> dict[str, Exception]:
        """Fire what is due in these documents; answers the keys whose decider failed, and how."""
        room, failed = self.aggregates[aggregate], dict[str, Exception]()

        async def fire(works: Sequence[UnitOfWork]) -> None:
            for work in works:
                try:
                    room.wake(work, now, now - self.effects_within)
                    work.document = room.write(work, self._settled) if work.changed else None
                except Exception as error:  # a bug must not hold up the deadlines of others
                    failed[work.key] = error
                    room.take(work, work.loaded, self._settled)

        done = await self.finish([UnitOfWork(room, key) for key in keys], fire)
        await self.clear(done)
        self.metrics.add(self.metrics.fired, sum(w.fired for w in done))
        return failed

    async def sweep(self, aggregate: str, keys: Iterable[str]) -> int:
        """Publish what these documents owe; answers how many entries."""
        async def nothing(_works: Sequence[UnitOfWork]) -> None: ...

        done = await self.finish([UnitOfWork(self.aggregates[aggregate], key) for key in keys], nothing)
        n = sum(len(w.stored.out) for w in done)
        await self.clear(done)
        self.metrics.add(self.metrics.republished, n)
        return n

    async def publish_of(self, aggregate: str, keys: Iterable[str], gone: Callable[[int], bool]) -> int:
        """Publish what these documents owe for places that are `gone`, and take it out; answers how many entries."""
        room, n = self.aggregates[aggregate], 0
        works = [UnitOfWork(room, key) for key in keys]
        await self.load(works)
        owing = [w for w in works if any(gone(e.fence_key) for e in owed(w.stored.out, self._settled))]
        await self.publish(owing)
        for work in owing:
            n += len(work.stored.out)
            work.stored.out = tuple(e for e in work.stored.out if not gone(e.fence_key))
        if owing and (lost := await self.store.save(room.codec.name, [room.write(w, self._settled) for w in owing])):
            return n + await self.publish_of(aggregate, lost, gone)
        return n

    # --- 1 route -----------------------------------------------------------------------------------------------------

    def _route(self, batch: Batch) -> tuple[list[UnitOfWork], list[FailedRecord]]:
        works: dict[tuple[str, str], UnitOfWork] = {}
        dead: list[FailedRecord] = []
        for number, internal, message in in_order(batch, self.fence_keys, self._internal):
            handler = self._handlers.get(type(message.event))
            if handler is None or message.record is None:
                continue
            try:
                asks = [(self.aggregates[ask.aggregate], ask) for ask in handler(message.event, message.meta)]
            except Exception as error:  # a bug in a handler: the record waits for its mend, the good ones go on
                dead.append(FailedRecord(message.record, "handler_failed", f"{type(error).__name__}: {error}"))
                continue
            for room, ask in asks:
                enlist(works, room, ask, message, number, internal)
        return list(works.values()), dead

    # --- 2 load, 3 decide, 4 save, 5 publish -------------------------------------------------------------------------

    async def finish(self, works: Sequence[UnitOfWork], decide: Callable[[Sequence[UnitOfWork]], Awaitable[None]]) -> list[UnitOfWork]:
        """Load, decide and save until every document is saved or needs no change; then publish what they owe."""
        todo, done = list(works), list[UnitOfWork]()
        for attempt in range(TRIES):
            if not todo:
                break
            if attempt:
                await self.pause(attempt)
            await self.load(todo)
            failpoints.reach("runner.loaded")
            await decide(todo)
            failpoints.reach("runner.decided")
            lost = await self.save(todo)
            done += [w for w in todo if w not in lost]
            todo = [w for w in todo if w in lost]
        if todo:
            raise StoreUnavailable(f"{self.service}: {len(todo)} documents were not saved in {TRIES} tries")
        await self.publish(done)
        return done

    async def pause(self, attempt: int) -> None:
        """So that two who collide do not collide again."""
        await asyncio.sleep(random.uniform(0, min(0.2, 0.002 * 2**attempt)))

    async def load(self, works: Sequence[UnitOfWork]) -> None:
        for room, group in by_room(works):
            found = await self.store.load(room.codec.name, [w.key for w in group])
            for work in group:
                room.take(work, found.get(work.key), self._settled)

    async def _apply(self, works: Sequence[UnitOfWork]) -> None:
        began = time.perf_counter()
        for work in works:
            work.aggregate_store.apply(work, self._settled)
            if time.perf_counter() - began > YIELD_SECONDS:
                await asyncio.sleep(0)
                began = time.perf_counter()
        # Before the fences move on: a crash between the two then leaves a letter too many, never one too few.
        dead = {d.record: d for w in works for d in w.dead}
        if dead:
            await self.dead_letter(list(dead.values()))

    async def save(self, works: Sequence[UnitOfWork]) -> set[UnitOfWork]:
        """Those that must be looked at again: another writer was faster, or the store did not say what it did."""
        lost: set[UnitOfWork] = set()
        for room, group in by_room([w for w in works if w.changed]):
            documents = [w.document or room.write(w, self._settled) for w in group]
            failpoints.reach("runner.save.before")
            try:
                behind = await self.store.save(room.codec.name, documents)
            except StoreUnavailable:
                lost.update(group)  # never guess: load again and look
                continue
            failpoints.reach("runner.save.after")
            lost.update(w for w in group if w.key in behind)
        if lost:
            self.metrics.add(self.metrics.conflicts, len(lost))
        return lost

    async def publish(self, works: Sequence[UnitOfWork]) -> None:
        """The whole outbox of every document, in order; repeats are dropped by who hears them."""
        messages: list[Outgoing] = []
        for room, group in by_room(works):
            rows: list[Document] = []
            for work in group:
                for entry in owed(work.stored.out, self._settled):
                    messages.append(outgoing(entry))
                    rows.append(row_of(work.key, entry))
            if rows and room.aggregate.history:
                failpoints.reach("runner.history.before")
                await self.store.put_newer(room.codec.history, rows)
                failpoints.reach("runner.history.after")
        if messages:
            failpoints.reach("runner.publish.before")
            await self.bus.publish(messages)
            failpoints.reach("runner.publish.after")
            self.metrics.add_topics(self.metrics.published, (m.topic for m in messages))

    async def clear(self, works: Sequence[UnitOfWork]) -> None:
        """Take published entries without an offset out of the outbox; who loses the race leaves it to the sweeper."""
        for room, group in by_room([w for w in works if any(e.fence_key == NO_FENCE_KEY for e in w.stored.out)]):
            documents = []
            for work in group:
                work.version += 1 if work.changed else 0
                work.stored.out = tuple(e for e in work.stored.out if e.fence_key != NO_FENCE_KEY)
                documents.append(room.write(work, self._settled))
            failpoints.reach("runner.clear.before")
            try:
                await self.store.save(room.codec.name, documents)
            except StoreUnavailable:
                continue
            failpoints.reach("runner.clear.after")

    def _settle(self, place: TopicPartition, offset: int) -> None:
        number = self.fence_keys.number(place)
        if offset > self._settled.get(number, 0):
            self._settled[number] = offset


def enlist(
    works: dict[tuple[str, str], UnitOfWork], room: AggregateStore, ask: CommandFor, message: Message, number: int, internal: bool,
) -> None:
    """All that one message asks of one document is one act."""
    at = (ask.aggregate, ask.key)
    work = works.get(at)
    if work is None:
        work = works[at] = UnitOfWork(room, ask.key)
    if work.deliveries and work.deliveries[-1].message is message:
        work.deliveries[-1].commands.append(ask.command)
    else:
        assert message.record is not None
        work.deliveries.append(Delivery(message, number, message.record.offset, [ask.command], internal))


def by_room(works: Iterable[UnitOfWork]) -> list[tuple[AggregateStore, list[UnitOfWork]]]:
    groups: dict[AggregateStore, list[UnitOfWork]] = {}
    for work in works:
        groups.setdefault(work.aggregate_store, []).append(work)
    return list(groups.items())


def outgoing(entry: OutboxEntry) -> Outgoing:
    return Outgoing(entry.topic, entry.key, entry.value, entry.headers)


def in_order(batch: Batch, places: FenceKeys, internal: frozenset[str]) -> list[tuple[int, bool, Message]]:
    """(place, internal, message) by append time over all partitions, by offset within one."""
    made: list[tuple[int, int, bool, Message]] = []
    for place, share in batch.items():
        number, own, latest = places.number(place), place.topic in internal, 0
        for message in share.messages:
            assert message.record is not None
            latest = max(latest, message.record.timestamp_ms)
            made.append((latest, number, own, message))
    if len(batch) > 1:
        made.sort(key=_appended)
    return [(number, own, message) for _, number, own, message in made]


def _appended(item: tuple[int, int, bool, Message]) -> int:
    return item[0]
