"""Fires deadlines of quiet documents, and publishes what a request or a deadline left unpublished.

A deadline fires only when all that was appended before we looked has been taken in: an event that comes in time must
not find its deadline fired because it stood in a queue. Firing goes through the runner (compare-and-set), so any
number of schedulers may try; sweeping publishes copies at worst.
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
SWEEP_AFTER = 5.0  # seconds that an entry may owe before somebody else publishes it
SWEEP_EVERY = 5.0
AT_ONCE = 200
FAILED_AGAIN_AFTER = 60.0
TROUBLED_AFTER = 10.0  # seconds in which neither a deadline could fire nor what is owed be published

log = structlog.get_logger(__name__)


class Scheduler:
    """`topics`: those that can reach the documents; their group is `group`."""

    def __init__(
        self, runner: Runner, store: Store, bus: Bus, *, group: str, topics: tuple[str, ...],
        now: Callable[[], datetime] = utc_now, health: HealthState | None = None, tick: float = TICK_SECONDS,
    ) -> None:
        self._runner, self._store, self._bus = runner, store, bus
        self._group, self._topics, self._now, self._health, self._tick = group, topics, now, health, tick
        self._stopping = asyncio.Event()
        self._gate = ProgressGate(bus, group, topics)
        self._owing: dict[tuple[str, str], tuple[int, float]] = {}  # document -> (version, first seen owing)
        self._failed: dict[tuple[str, str], float] = {}
        self._swept = 0.0
        self._well = time.monotonic()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.fire()
                if time.monotonic() - self._swept > SWEEP_EVERY:
                    self._swept = time.monotonic()
                    await self.sweep()
                self._well = time.monotonic()
                if self._health is not None:
                    self._health.clear_problem("timers")
            except Exception as error:
                log.warning("timers_failed", service=self._runner.service, error=f"{type(error).__name__}: {error}")
                passing = isinstance(error, StoreUnavailable | BusUnavailable) and (
                    time.monotonic() - self._well < TROUBLED_AFTER)
                if self._health is not None and not passing:
                    self._health.report_problem("timers", f"{type(error).__name__}: {error}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._tick)

    async def stop(self) -> None:
        self._stopping.set()

    async def fire(self) -> int:
        """Fire what is due; answers how many documents were looked at."""
        n = 0
        for name, room in self._runner.aggregates.items():
            now = self._now()
            due = await self._due(room.codec.name, name, now)
            if not due:
                continue
            passed = await self._gate.passed(now)
            if passed is None:
                continue
            keys = [key for key, at in due if at <= millis(passed)]
            if keys:
                n += len(keys)
                failpoints.reach("timers.fire.before")
                self._remember(name, await self._runner.wake(name, keys, passed))
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

    def _remember(self, name: str, failed: Mapping[str, Exception]) -> None:
        for key, error in failed.items():
            self._failed[(name, key)] = time.monotonic()
            log.error("timer_failed", service=self._runner.service, aggregate=name,
                      error=f"{type(error).__name__}: {error}")

    async def sweep(self, after: float = SWEEP_AFTER) -> int:
        """Publish what has been owing for `after` seconds; answers how many entries."""
        n, still = 0, dict[tuple[str, str], tuple[int, float]]()
        now = time.monotonic()
        for name, room in self._runner.aggregates.items():
            page = await self._store.find(  # ordered so that the index is walked, not every document
                room.codec.name, {"_pending": Between(1, None)}, order="_pending", limit=AT_ONCE)
            old = []
            for document in page.documents:
                at = (name, document.id)
                version, since = self._owing.get(at, (document.version, now))
                still[at] = (document.version, since if version == document.version else now)
                if now - still[at][1] >= after:
                    old.append(document.id)
            if old:
                failpoints.reach("timers.sweep.before")
                n += await self._runner.sweep(name, old)
                failpoints.reach("timers.sweep.after")
        self._owing = still
        return n


class ProgressGate:
    """Up to which moment everything that was appended has been taken in by the group."""

    def __init__(self, bus: Bus, group: str, topics: tuple[str, ...]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._looked: tuple[datetime, Mapping[TopicPartition, int]] | None = None

    async def passed(self, now: datetime) -> datetime | None:
        """The latest moment known to be passed; None: not yet known."""
        if not self._topics:
            return now
        if self._looked is None:
            self._looked = (now, await self._bus.end_offsets(self._topics))
        moment, ends = self._looked
        committed = await self._bus.committed(self._group, self._topics)
        waits = {place for place, end in ends.items() if end > committed.get(place, 0)}
        if waits:
            begins = await self._bus.begin_offsets(self._topics)  # expired records are not waited for
            if any(ends[p] > max(committed.get(p, 0), begins.get(p, 0)) for p in waits):
                return None
        self._looked = None
        return moment


Jobs = Callable[[], Awaitable[object]]
"""What is repeated until it is stopped."""


async def repeat(name: str, every: float, work: Jobs, stopping: asyncio.Event) -> None:
    """Call `work` every so many seconds; a failure is logged and the next turn comes."""
    while not stopping.is_set():
        try:
            await work()
        except Exception as error:
            log.warning("job_failed", job=name, error=f"{type(error).__name__}: {error}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every)
