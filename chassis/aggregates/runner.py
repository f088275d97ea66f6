"""Aggregate runner: route, load, decide, save, publish. The worker commits the offsets when `run` returns.

A document is the unit of atomic writes: its fences name the offsets it has applied, its outbox the events still to be
published. A batch that is run again, after any crash, finds there what was done and publishes again what may not have
been published.
"""
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

from chassis.aggregates.aggregate_store import AggregateStore, unpublished
from chassis.aggregates.batch import Batch, Router
from chassis.aggregates.documents import NO_FENCE_KEY, OutboxEntry, history_row
from chassis.aggregates.fence_keys import FenceKeys
from chassis.aggregates.unit_of_work import FailedRecord, UnitOfWork
from chassis.ports import Bus, Collection, Document, Outgoing, Store, StoreUnavailable, TopicPartition
from chassis.service.description import ServiceComponents
from chassis.support import failpoints
from chassis.support.metrics import Metrics
from contracts.topics import ENTERPRISE, TOPICS

TRIES = 20  # of saving against other writers, before the whole batch is run again
YIELD_SECONDS = 0.005  # of pure work, before other tasks get their turn

DeadLetterSink = Callable[[Sequence[FailedRecord]], Awaitable[None]]
Decide = Callable[[Sequence[UnitOfWork]], Awaitable[None]]
"""Changes loaded units of work; called again for those that have to be loaded again."""


class Runner:
    """Runs the deciders of one service. `dead_letter` is awaited before anything is saved."""

    def __init__(
        self, service: str, components: ServiceComponents, store: Store, bus: Bus, dead_letter: DeadLetterSink, *,
        identity: str = "", topics: Sequence[str] = (), metrics: Metrics | None = None,
        effects_within: timedelta = timedelta(days=7),
    ) -> None:
        self.service, self.store, self.bus, self.dead_letter = service, store, bus, dead_letter
        self.metrics = metrics or Metrics(service)
        self.effects_within = effects_within
        self.aggregates = {a.name: AggregateStore(service, a) for a in components.aggregates}
        self.fence_keys = FenceKeys(service, identity)
        sequenced_topics = frozenset(name for name, topic in TOPICS.items() if topic.owner != ENTERPRISE)
        self._router = Router(components.handlers, self.fence_keys, sequenced_topics)
        self._topics = tuple(topics)
        self._published: dict[int, int] = {}  # `PublishedOffsets` of this process

    def collections(self) -> list[Collection]:
        return [c for aggregate in self.aggregates.values() for c in aggregate.codec.collections()]

    async def start(self) -> None:
        await self.store.ensure(self.collections())
        await self.fence_keys.register_topics(self.store, self._topics)

    # --- entry points ------------------------------------------------------------------------------------------------

    async def run(self, batch: Batch) -> None:
        """Apply each record of the batch exactly once; return when all resulting events are published.

        Raises StoreUnavailable or BusUnavailable: nothing is lost then, the same batch has to be run again.
        """
        for partition, polled in batch.items():
            self._mark_published(partition, polled.lo)
        works, failed = self._router.route(batch)
        if failed:
            await self.dead_letter(failed)
        await self.process(works, self._apply_deliveries)
        for partition, polled in batch.items():
            self._mark_published(partition, polled.hi)

    async def fire_deadlines(self, aggregate: str, keys: Iterable[str], now: datetime) -> dict[str, Exception]:
        """Fire what is due in these documents; returns the error of each document whose decider failed."""
        store, failed = self.aggregates[aggregate], dict[str, Exception]()

        async def fire(works: Sequence[UnitOfWork]) -> None:
            for work in works:
                try:
                    store.fire_deadlines(work, now, now - self.effects_within)
                    work.document = store.to_document(work, self._published) if work.changed else None
                except Exception as error:  # a bug must not block the deadlines of other documents
                    failed[work.key] = error
                    store.load(work, work.loaded, self._published)

        done = await self.process([UnitOfWork(aggregate, key) for key in keys], fire)
        await self.clear_outboxes(done)
        self.metrics.add(self.metrics.fired, sum(w.fired_deadlines for w in done))
        return failed

    async def publish_pending(self, aggregate: str, keys: Iterable[str]) -> int:
        """Publish the outboxes of these documents; returns the number of entries."""
        async def decide_nothing(_works: Sequence[UnitOfWork]) -> None: ...

        done = await self.process([UnitOfWork(aggregate, key) for key in keys], decide_nothing)
        n = sum(len(w.stored.outbox) for w in done)
        await self.clear_outboxes(done)
        self.metrics.add(self.metrics.republished, n)
        return n

    async def publish_retired(self, aggregate: str, keys: Iterable[str], is_retired: Callable[[int], bool]) -> int:
        """Publish and remove the outbox entries of these documents whose fence key is retired; returns their number."""
        store, n = self.aggregates[aggregate], 0
        works = [UnitOfWork(aggregate, key) for key in keys]
        await self.load(works)
        pending = [
            w for w in works if any(is_retired(e.fence_key) for e in unpublished(w.stored.outbox, self._published))]
        await self.publish(pending)
        for work in pending:
            n += len(work.stored.outbox)
            work.stored.outbox = tuple(e for e in work.stored.outbox if not is_retired(e.fence_key))
        if pending:
            documents = [store.to_document(w, self._published) for w in pending]
            if conflicts := await self.store.save(store.codec.name, documents):
                return n + await self.publish_retired(aggregate, conflicts, is_retired)
        return n

    # --- load, decide, save, publish ---------------------------------------------------------------------------------

    async def process(self, works: Sequence[UnitOfWork], decide: Decide) -> list[UnitOfWork]:
        """Load, decide and save until every document is saved or unchanged; then publish all outboxes."""
        todo, done = list(works), list[UnitOfWork]()
        for attempt in range(TRIES):
            if not todo:
                break
            if attempt:
                await self.back_off(attempt)
            await self.load(todo)
            failpoints.reach("runner.loaded")
            await decide(todo)
            failpoints.reach("runner.decided")
            conflicts = await self.save(todo)
            done += [w for w in todo if w not in conflicts]
            todo = [w for w in todo if w in conflicts]
        if todo:
            raise StoreUnavailable(f"{self.service}: {len(todo)} documents could not be saved in {TRIES} tries")
        await self.publish(done)
        return done

    async def back_off(self, attempt: int) -> None:
        """A random pause, so that two conflicting writers do not conflict again."""
        await asyncio.sleep(random.uniform(0, min(0.2, 0.002 * 2**attempt)))

    async def load(self, works: Sequence[UnitOfWork]) -> None:
        for store, group in self._by_aggregate(works):
            found = await self.store.load(store.codec.name, [w.key for w in group])
            for work in group:
                store.load(work, found.get(work.key), self._published)

    async def _apply_deliveries(self, works: Sequence[UnitOfWork]) -> None:
        began = time.perf_counter()
        for work in works:
            self.aggregates[work.aggregate].apply_deliveries(work, self._published)
            if time.perf_counter() - began > YIELD_SECONDS:
                await asyncio.sleep(0)
                began = time.perf_counter()
        # Before the fences move on: a crash between the two leaves a duplicate dead letter, never a missing one.
        failed = {f.record: f for w in works for f in w.failed}
        if failed:
            await self.dead_letter(list(failed.values()))

    async def save(self, works: Sequence[UnitOfWork]) -> set[UnitOfWork]:
        """Save what changed; returns those to be loaded again: another writer was first, or the result is unknown."""
        conflicts: set[UnitOfWork] = set()
        for store, group in self._by_aggregate([w for w in works if w.changed]):
            documents = [w.document or store.to_document(w, self._published) for w in group]
            failpoints.reach("runner.save.before")
            try:
                lost = await self.store.save(store.codec.name, documents)
            except StoreUnavailable:
                conflicts.update(group)  # the result is unknown: load again and compare
                continue
            failpoints.reach("runner.save.after")
            conflicts.update(w for w in group if w.key in lost)
        if conflicts:
            self.metrics.add(self.metrics.conflicts, len(conflicts))
        return conflicts

    async def publish(self, works: Sequence[UnitOfWork]) -> None:
        """Publish the outbox of every document in order; consumers drop repeated events."""
        messages: list[Outgoing] = []
        for store, group in self._by_aggregate(works):
            rows: list[Document] = []
            for work in group:
                for entry in unpublished(work.stored.outbox, self._published):
                    messages.append(_to_outgoing(entry))
                    rows.append(history_row(work.key, entry))
            if rows and store.aggregate.history:
                failpoints.reach("runner.history.before")
                await self.store.save_newer(store.codec.history, rows)
                failpoints.reach("runner.history.after")
        if messages:
            failpoints.reach("runner.publish.before")
            await self.bus.publish(messages)
            failpoints.reach("runner.publish.after")
            self.metrics.add_topics(self.metrics.published, (m.topic for m in messages))

    async def clear_outboxes(self, works: Sequence[UnitOfWork]) -> None:
        """Remove published entries without an offset; on a conflict the next `publish_pending` removes them."""
        pending = [w for w in works if any(e.fence_key == NO_FENCE_KEY for e in w.stored.outbox)]
        for store, group in self._by_aggregate(pending):
            documents = []
            for work in group:
                work.version += 1 if work.changed else 0
                work.stored.outbox = tuple(e for e in work.stored.outbox if e.fence_key != NO_FENCE_KEY)
                documents.append(store.to_document(work, self._published))
            failpoints.reach("runner.clear.before")
            try:
                await self.store.save(store.codec.name, documents)
            except StoreUnavailable:
                continue
            failpoints.reach("runner.clear.after")

    def _mark_published(self, partition: TopicPartition, offset: int) -> None:
        fence_key = self.fence_keys.key_of(partition)
        if offset > self._published.get(fence_key, 0):
            self._published[fence_key] = offset

    def _by_aggregate(self, works: Iterable[UnitOfWork]) -> list[tuple[AggregateStore, list[UnitOfWork]]]:
        groups: dict[str, list[UnitOfWork]] = {}
        for work in works:
            groups.setdefault(work.aggregate, []).append(work)
        return [(self.aggregates[name], group) for name, group in groups.items()]


def _to_outgoing(entry: OutboxEntry) -> Outgoing:
    return Outgoing(entry.topic, entry.key, entry.value, entry.headers)
