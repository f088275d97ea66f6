"""The consume loop of one service: poll, decode, run, commit; again after any failure, for ever, without losing one.

Nothing is committed before all that came of it is saved and published. Failures of store or log are waited out; a
record that cannot be taken becomes a dead letter; a log that was made anew stops the loop with its name.
"""
import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from chassis.aggregates import FailedRecord, Share
from chassis.dead_letters import DeadLetterRepository, FailureStorm, is_addressed_to
from chassis.http.health import HealthState
from chassis.messages.envelope import Message, RejectedMessage
from chassis.ports import Bus, Consumer, LogRecreated, PartitionLost, Record, TopicPartition
from chassis.runtime.event_processors import JournalBehind, Processor
from chassis.runtime.progress import Progress
from chassis.runtime.watchdog import Watch
from chassis.support import failpoints
from chassis.support.clock import now_ms
from chassis.support.memory_trim import Sparing
from chassis.support.metrics import Metrics

POLL_SECONDS = 1.0
POLL_DEADLINE = 30.0  # a poll that takes longer hangs
PROGRESS_SECONDS = 1.0
BATCH_SECONDS = 120.0  # a batch that takes longer hangs: it is begun again, and given twice as long
MOST_BATCH_SECONDS = 3600.0
DRAIN_SECONDS = 20.0
YIELD_SECONDS = 0.005
BACK_OFF = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

Decode = Callable[[Record], Message | RejectedMessage | None]
Polled = Mapping[TopicPartition, Sequence[Record]]

log = structlog.get_logger(__name__)


class Worker:
    def __init__(
        self, service: str, topics: Sequence[str], bus: Bus, processors: Sequence[Processor], decode: Decode,
        letters: DeadLetterRepository, progress: Progress, *, group: str, health: HealthState, metrics: Metrics, batch: int = 500,
    ) -> None:
        self.service, self.topics, self.bus, self.group = service, tuple(topics), bus, group
        self.processors, self.decode, self.letters, self.progress = tuple(processors), decode, letters, progress
        self.health, self.metrics, self.batch = health, metrics, batch
        self._consumer: Consumer | None = None
        self._stopping = asyncio.Event()
        self._told = asyncio.Event()  # to stop, or to join again: a poll is not waited for
        self._busy = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._watch = Watch(health)
        self._sparing = Sparing()
        self._written = 0.0
        self._failures = 0
        self._longer = 1
        self._change: Callable[[], None] | None = None
        self._unsettled: Exception | None = None  # what failed while partitions were taken over

    async def run(self) -> None:
        """Until `stop`, until the log turns out to be another one (LogRecreated), or until too much of it fails."""
        self._task = asyncio.current_task()
        self._watch = Watch(self.health)
        watching = asyncio.create_task(self._watch.stand())
        try:
            while not self._stopping.is_set():
                try:
                    await self._changed()
                    await self._turn()
                except LogRecreated as error:
                    self.health.fail(f"log_recreated: {error}")
                    log.error("log_recreated", service=self.service, error=str(error))
                    raise
                except FailureStorm as error:
                    self.health.report_problem("storm", str(error))
                    log.error("storm", service=self.service, error=str(error))
                    return
                except JournalBehind as error:
                    await self._replace(str(error))
                except PartitionLost as error:
                    log.info("partition_lost", service=self.service, error=str(error))
                except Exception as error:
                    await self._wait_out(error)
        finally:
            watching.cancel()
            await self._leave()

    async def stop(self) -> None:
        """Stop polling, finish what is in hand, leave the group. Waits at most 20 s."""
        self._stopping.set()
        self._told.set()
        task = self._task
        if task is not None and task is not asyncio.current_task() and not task.done():
            with contextlib.suppress(TimeoutError, LogRecreated):
                await asyncio.wait_for(asyncio.shield(task), DRAIN_SECONDS)
            if not task.done():
                task.cancel()

    def rejoin(self, change: Callable[[], None]) -> None:
        """Leave the group once the batch in hand is done, call `change`, and join again."""
        self._change = change
        self._told.set()

    async def _changed(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            self._told.clear()
            await self._leave()
            change()
            if self._stopping.is_set():
                self._told.set()

    # --- one turn ----------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        consumer = await self._joined()
        poll = asyncio.ensure_future(consumer.poll(self.batch, POLL_SECONDS))
        told = asyncio.ensure_future(self._told.wait())
        try:
            await asyncio.wait({poll, told}, timeout=POLL_DEADLINE, return_when=asyncio.FIRST_COMPLETED)
            if not poll.done():
                if not self._told.is_set():
                    await self._replace("poll hangs")
                return
            polled = poll.result()
        finally:
            told.cancel()
            if not poll.done():
                poll.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await poll
        if self._unsettled is not None:
            error, self._unsettled = self._unsettled, None
            await self._leave()  # and join again: what was handed out is not committed
            raise error
        if polled:
            self._watch.handed_out()
            try:
                async with self._busy, asyncio.timeout(min(MOST_BATCH_SECONDS, BATCH_SECONDS * self._longer)):
                    await self._take_in(consumer, polled)
            except TimeoutError:  # the same records must not fail for ever for want of time
                self._longer *= 2
                raise
            self._longer = 1
            self._watch.free()
            self._proven()
            self._sparing.worked(sum(map(len, polled.values())))
        else:
            await self._sparing.rest()
        await self._look_after(consumer)

    def _proven(self) -> None:
        self._failures = 0
        self._watch.proven()

    async def _take_in(self, consumer: Consumer, polled: Polled) -> None:
        began = time.perf_counter()
        failpoints.reach("worker.polled")
        try:
            if self.letters.guard is not None:
                self.letters.guard.count_processed(sum(map(len, polled.values())))
            shares, dead = await self._decoded(polled)
            await self.letters.dead_letter(dead)
            for processor in self.processors:
                await self.letters.dead_letter(await processor.run(shares))
            failpoints.reach("worker.commit.before")
            await consumer.commit({place: share.hi for place, share in shares.items()})
            failpoints.reach("worker.commit.after")
        except BaseException:
            # One partition of many may be lost: what is still ours is read again, what is not cannot be sought.
            self._back(consumer, polled)
            raise
        for place, records in polled.items():
            self.progress.reached(place, records[-1])
            self.metrics.add(self.metrics.consumed, len(records), place.topic)
        self.metrics.observe(self.metrics.batch, time.perf_counter() - began)
        oldest = min(records[0].timestamp_ms for records in polled.values())
        self.metrics.observe(self.metrics.age, max(0.0, (now_ms() - oldest) / 1000))

    async def _decoded(self, polled: Polled) -> tuple[dict[TopicPartition, Share], list[FailedRecord]]:
        shares: dict[TopicPartition, Share] = {}
        dead: list[FailedRecord] = []
        began = time.perf_counter()
        for place, records in polled.items():
            messages: list[Message] = []
            for record in records:
                found = self.decode(record)
                if type(found) is Message:
                    if found.replay_for is None or is_addressed_to(record, self.service):
                        messages.append(found)
                elif type(found) is RejectedMessage and is_addressed_to(record, self.service):
                    dead.append(FailedRecord(record, found.code, found.message))
                if time.perf_counter() - began > YIELD_SECONDS:
                    await asyncio.sleep(0)
                    began = time.perf_counter()
            shares[place] = Share(records[0].offset, records[-1].offset + 1, messages)
        return shares, dead

    def _back(self, consumer: Consumer, polled: Polled) -> None:
        """The same records once more."""
        for place, records in polled.items():
            for processor in self.processors:
                processor.forget(place)
            with contextlib.suppress(Exception):
                consumer.seek(place, records[0].offset)

    async def _wait_out(self, error: Exception) -> None:
        """Store or log do not answer, or a bug of ours: nothing is skipped, it is tried again for ever."""
        self._failures += 1
        seconds = BACK_OFF[min(self._failures, len(BACK_OFF)) - 1]
        name = type(error).__name__
        self.metrics.add(self.metrics.retries, 1, name)
        log.warning("batch_failed", service=self.service, error=f"{name}: {error}", again_in_seconds=seconds)
        self._watch.failed(f"{name}: {error}")
        if self._failures > 2:
            self.health.report_problem("events", f"{name}: {error}")
        if why := self._watch.silent():
            await self._replace(why)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # --- membership --------------------------------------------------------------------------------------------------

    async def _joined(self) -> Consumer:
        if self._consumer is None:
            consumer = self.bus.consumer(
                self.group, self.topics, on_assigned=self._assigned, on_revoked=self._revoked)
            self._consumer = consumer
            self._watch.joined()
            try:
                await consumer.start()
            except BaseException:
                self._consumer = None
                with contextlib.suppress(Exception):
                    await consumer.stop()
                raise
        return self._consumer

    async def _assigned(self, places: frozenset[TopicPartition]) -> None:
        self._watch.taking_over()
        try:
            await self._take_over(places)
        except Exception as error:  # raised in the loop: who calls us here could not do anything about it
            self._unsettled = error
        finally:
            self._watch.free()
        self._watch.assigned()

    async def _take_over(self, places: frozenset[TopicPartition]) -> None:
        """Look whether the log is still the same, and go back to where the slowest of us has to begin.

        No further than the store has it: a store that was restored lies behind what the group has committed.
        """
        failpoints.reach("worker.assigned.before")
        read = await self.progress.check(places)
        committed = await self.bus.committed(self.group, self.topics)
        ordered = sorted(places)
        # All at once: a partition that has to put its last record again must not wait for all before it.
        found = await asyncio.gather(*map(self._wanted, ordered), return_exceptions=True)
        begins: Mapping[TopicPartition, int] | None = None
        for place, wanted in zip(ordered, found, strict=True):
            if isinstance(wanted, BaseException):
                raise wanted
            wanted = [*wanted, read[place] or None]
            if None in wanted and begins is None:
                begins = await self.bus.begin_offsets(self.topics)
            targets = [(begins or {}).get(place, 0) if at is None else at for at in wanted]
            if place in committed and targets and min(targets) < committed[place] and self._consumer is not None:
                self._consumer.seek(place, min(targets))
        failpoints.reach("worker.assigned.after")
        log.debug("assigned", service=self.service, partitions=len(places))

    async def _wanted(self, place: TopicPartition) -> list[int | None]:
        """From where each of us has to begin there."""
        return [await processor.take(place) for processor in self.processors]

    async def _revoked(self, places: frozenset[TopicPartition]) -> None:
        failpoints.reach("worker.revoked")
        if asyncio.current_task() is not self._task:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS), self._busy:
                    pass
        for place in places:
            for processor in self.processors:
                processor.forget(place)
        with contextlib.suppress(Exception):
            await self.progress.write()

    async def _replace(self, why: str) -> None:
        """A consumer can stop without a sound; a new one is cheap, and fences make it harmless."""
        log.warning("consumer_replaced", service=self.service, why=why)
        self.metrics.add(self.metrics.recreated, 1)
        await self._leave()

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), DRAIN_SECONDS)
        with contextlib.suppress(Exception):
            await self.progress.write()

    # --- watchdog ----------------------------------------------------------------------------------------------------

    async def _look_after(self, consumer: Consumer) -> None:
        now = time.monotonic()
        if now - self._written > PROGRESS_SECONDS:
            self._written = now
            await self.progress.write()
        if consumer.assignment():
            self._watch.assigned()
        elif why := self._watch.unassigned():
            await self._replace(why)
            return
        if self._watch.is_due():
            lag = await consumer.lag()
            self._proven()
            self._show(lag)
            if why := self._watch.stalled(lag):
                await self._replace(why)

    def _show(self, lag: Mapping[TopicPartition, int]) -> None:
        by_topic = dict.fromkeys(self.topics, 0)
        for place, n in lag.items():
            by_topic[place.topic] = by_topic.get(place.topic, 0) + n
        for topic, n in by_topic.items():
            self.metrics.set(self.metrics.lag, n, topic)
