"""Timers: fires deadlines of idle documents, publishes pending outboxes, runs periodic jobs.

A deadline fires only when everything appended before it was checked has been processed: an event that was appended in
time must not find its deadline fired. Firing goes through the runner (compare-and-set), so any number of schedulers may
try; publishing an outbox twice gives copies at worst.
"""
import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from chassis.aggregates import Runner
from chassis.aggregates.documents import millis
from chassis.http.health import HealthState
from chassis.ports import Between, Bus, BusUnavailable, Store, StoreUnavailable, TopicPartition
from chassis.support import failpoints
from chassis.support.clock import utc_now

TICK_SECONDS = 1.0
SWEEP_AFTER = 5.0  # seconds that an entry may stay unpublished before the scheduler publishes it
SWEEP_EVERY = 5.0
AT_ONCE = 200
FAILED_AGAIN_AFTER = 60.0
TROUBLED_AFTER = 10.0  # seconds without a successful pass

log = structlog.get_logger(__name__)


class DeadlineScheduler:
    """`topics`: those whose events change the documents; `group` consumes them."""

    def __init__(
        self, runner: Runner, store: Store, bus: Bus, *, group: str, topics: tuple[str, ...],
        now: Callable[[], datetime] = utc_now, health: HealthState | None = None, tick: float = TICK_SECONDS,
    ) -> None:
        self._runner, self._store, self._bus = runner, store, bus
        self._group, self._topics, self._now, self._health, self._tick = group, topics, now, health, tick
        self._stopping = asyncio.Event()
        self._gate = ProgressGate(bus, group, topics)
        self._pending: dict[tuple[str, str], tuple[int, float]] = {}  # document -> (version, since when)
        self._failed: dict[tuple[str, str], float] = {}
        self._swept = 0.0
        self._last_success = time.monotonic()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.fire_due()
                if time.monotonic() - self._swept > SWEEP_EVERY:
                    self._swept = time.monotonic()
                    await self.publish_pending()
                self._last_success = time.monotonic()
                if self._health is not None:
                    self._health.clear_problem("timers")
            except Exception as error:
                log.warning("timers_failed", service=self._runner.service, error=f"{type(error).__name__}: {error}")
                passing = isinstance(error, StoreUnavailable | BusUnavailable) and (
                    time.monotonic() - self._last_success < TROUBLED_AFTER)
                if self._health is not None and not passing:
                    self._health.report_problem("timers", f"{type(error).__name__}: {error}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._tick)

    async def stop(self) -> None:
        self._stopping.set()

    async def fire_due(self) -> int:
        """Fire what is due; returns the number of documents."""
        n = 0
        for name, store in self._runner.aggregates.items():
            now = self._now()
            due = await self._due(store.codec.name, name, now)
            if not due:
                continue
            passed = await self._gate.passed(now)
            if passed is None:
                continue
            keys = [key for key, at in due if at <= millis(passed)]
            if keys:
                n += len(keys)
                failpoints.reach("timers.fire.before")
                self._record_failures(name, await self._runner.fire_deadlines(name, keys, passed))
                failpoints.reach("timers.fire.after")
        return n

    async def _due(self, collection: str, name: str, now: datetime) -> list[tuple[str, int]]:
        page = await self._store.find(
            collection, {"_due": Between(-(2**62), millis(now) + 1)}, order="_due", limit=AT_ONCE + len(self._failed))
        late = time.monotonic() - FAILED_AGAIN_AFTER
        self._failed = {k: at for k, at in self._failed.items() if at > late}
        return [
            (d.id, int(d.index["_due"] or 0)) for d in page.documents
            if (name, d.id) not in self._failed and d.index.get("_due") is not None
        ]

    def _record_failures(self, name: str, failed: Mapping[str, Exception]) -> None:
        for key, error in failed.items():
            self._failed[(name, key)] = time.monotonic()
            log.error("timer_failed", service=self._runner.service, aggregate=name,
                      error=f"{type(error).__name__}: {error}")

    async def publish_pending(self, after: float = SWEEP_AFTER) -> int:
        """Publish outboxes that have been pending for `after` seconds; returns the number of entries."""
        n, pending = 0, dict[tuple[str, str], tuple[int, float]]()
        now = time.monotonic()
        for name, store in self._runner.aggregates.items():
            page = await self._store.find(  # ordered, so that the store scans the index only
                store.codec.name, {"_pending": Between(1, None)}, order="_pending", limit=AT_ONCE)
            due = []
            for document in page.documents:
                at = (name, document.id)
                version, since = self._pending.get(at, (document.version, now))
                pending[at] = (document.version, since if version == document.version else now)
                if now - pending[at][1] >= after:
                    due.append(document.id)
            if due:
                failpoints.reach("timers.sweep.before")
                n += await self._runner.publish_pending(name, due)
                failpoints.reach("timers.sweep.after")
        self._pending = pending
        return n


class ProgressGate:
    """Finds the latest time up to which the group has processed everything appended."""

    def __init__(self, bus: Bus, group: str, topics: tuple[str, ...]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._checked: tuple[datetime, Mapping[TopicPartition, int]] | None = None

    async def passed(self, now: datetime) -> datetime | None:
        """The latest time known to be processed; None: not yet known."""
        if not self._topics:
            return now
        if self._checked is None:
            self._checked = (now, await self._bus.end_offsets(self._topics))
        moment, ends = self._checked
        committed = await self._bus.committed(self._group, self._topics)
        waiting = {partition for partition, end in ends.items() if end > committed.get(partition, 0)}
        if waiting:
            begins = await self._bus.begin_offsets(self._topics)  # deleted records are not waited for
            if any(ends[p] > max(committed.get(p, 0), begins.get(p, 0)) for p in waiting):
                return None
        self._checked = None
        return moment


JobFunction = Callable[[], Awaitable[object]]
"""An async function without arguments."""


async def run_periodically(name: str, every: float, work: JobFunction, stopping: asyncio.Event) -> None:
    """Call `work` every `every` seconds until `stopping`; a failure is logged."""
    while not stopping.is_set():
        try:
            await work()
        except Exception as error:
            log.warning("job_failed", job=name, error=f"{type(error).__name__}: {error}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every)
