"""Consume loop of one service: poll, decode, process, commit; after a failure the same records again, without limit.

Offsets are committed only when everything the records caused is saved and published. Failures of store or log are
retried; a record that cannot be processed becomes a dead letter; a recreated log stops the loop with LogRecreated.
"""
import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from chassis.aggregates import FailedRecord, PartitionBatch
from chassis.dead_letters import DeadLetterRepository, FailureStorm, is_addressed_to
from chassis.http.health import HealthState
from chassis.messages.envelope import Message, RejectedMessage
from chassis.ports import Bus, Consumer, LogRecreated, PartitionLost, Record, TopicPartition
from chassis.runtime.event_processors import EventProcessor, JournalBehind
from chassis.runtime.progress import Progress
from chassis.runtime.watchdog import Watchdog
from chassis.runtime.worker.membership import DRAIN_SECONDS, GroupMember
from chassis.support import failpoints
from chassis.support.clock import now_ms
from chassis.support.memory_trim import MemoryTrim
from chassis.support.metrics import Metrics

POLL_SECONDS = 1.0
POLL_DEADLINE = 30.0  # a poll that takes longer hangs
PROGRESS_SECONDS = 1.0
BATCH_SECONDS = 120.0  # a batch that takes longer hangs: it is run again with twice the time
MAX_BATCH_SECONDS = 3600.0
YIELD_SECONDS = 0.005
BACK_OFF = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

Decode = Callable[[Record], Message | RejectedMessage | None]
Polled = Mapping[TopicPartition, Sequence[Record]]

log = structlog.get_logger(__name__)


class Worker(GroupMember):
    """Feeds the processors of a service with the records of its topics."""

    def __init__(
        self, service: str, topics: Sequence[str], bus: Bus, processors: Sequence[EventProcessor], decode: Decode,
        dead_letters: DeadLetterRepository, progress: Progress, *, group: str, health: HealthState, metrics: Metrics,
        batch: int = 500,
    ) -> None:
        """`batch`: the most records per poll."""
        super().__init__(service, topics, bus, processors, progress, group=group, health=health, metrics=metrics)
        self.decode, self.dead_letters, self.batch = decode, dead_letters, batch
        self._stopping = asyncio.Event()
        self._interrupted = asyncio.Event()  # to stop, or to rejoin: ends a waiting poll
        self._memory_trim = MemoryTrim()
        self._progress_written = 0.0
        self._failures = 0
        self._batch_time_factor = 1
        self._change: Callable[[], None] | None = None

    async def run(self) -> None:
        """Run until `stop`, until the log turns out to be another one (LogRecreated), or until a failure storm."""
        self._task = asyncio.current_task()
        self._watchdog = Watchdog(self.health)
        watching = asyncio.create_task(self._watchdog.run())
        try:
            while not self._stopping.is_set():
                try:
                    await self._apply_change()
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
                    await self._replace_consumer(str(error))
                except PartitionLost as error:
                    log.info("partition_lost", service=self.service, error=str(error))
                except Exception as error:
                    await self._back_off(error)
        finally:
            watching.cancel()
            await self._leave()

    async def stop(self) -> None:
        """Stop polling, finish the current batch, leave the group. Waits at most 20 s."""
        self._stopping.set()
        self._interrupted.set()
        task = self._task
        if task is not None and task is not asyncio.current_task() and not task.done():
            with contextlib.suppress(TimeoutError, LogRecreated):
                await asyncio.wait_for(asyncio.shield(task), DRAIN_SECONDS)
            if not task.done():
                task.cancel()

    def rejoin(self, change: Callable[[], None]) -> None:
        """Leave the group after the current batch, call `change`, and join again."""
        self._change = change
        self._interrupted.set()

    async def _apply_change(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            self._interrupted.clear()
            await self._leave()
            change()
            if self._stopping.is_set():
                self._interrupted.set()

    # --- one turn ----------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        consumer = await self._join()
        polled = await self._poll(consumer)
        if polled is None:
            return
        if self._assignment_error is not None:
            error, self._assignment_error = self._assignment_error, None
            await self._leave()  # and join again: the polled records are not committed
            raise error
        if polled:
            self._watchdog.handed_out()
            try:
                seconds = min(MAX_BATCH_SECONDS, BATCH_SECONDS * self._batch_time_factor)
                async with self._busy, asyncio.timeout(seconds):
                    await self._process_batch(consumer, polled)
            except TimeoutError:  # the same records must not fail forever for lack of time
                self._batch_time_factor *= 2
                raise
            self._batch_time_factor = 1
            self._watchdog.idle()
            self._succeeded()
            self._memory_trim.worked(sum(map(len, polled.values())))
        else:
            await self._memory_trim.rest()
        await self._check_consumer(consumer)

    async def _poll(self, consumer: Consumer) -> Polled | None:
        """The polled records; None when the worker was interrupted, or the poll hangs and the consumer is replaced."""
        poll = asyncio.ensure_future(consumer.poll(self.batch, POLL_SECONDS))
        interrupted = asyncio.ensure_future(self._interrupted.wait())
        try:
            await asyncio.wait({poll, interrupted}, timeout=POLL_DEADLINE, return_when=asyncio.FIRST_COMPLETED)
            if not poll.done():
                if not self._interrupted.is_set():
                    await self._replace_consumer("poll hangs")
                return None
            return poll.result()
        finally:
            interrupted.cancel()
            if not poll.done():
                poll.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await poll

    def _succeeded(self) -> None:
        self._failures = 0
        self._watchdog.proven()

    async def _process_batch(self, consumer: Consumer, polled: Polled) -> None:
        began = time.perf_counter()
        failpoints.reach("worker.polled")
        try:
            if self.dead_letters.guard is not None:
                self.dead_letters.guard.count_processed(sum(map(len, polled.values())))
            batch, failed = await self._decode_batch(polled)
            await self.dead_letters.dead_letter(failed)
            for processor in self.processors:
                await self.dead_letters.dead_letter(await processor.run(batch))
            failpoints.reach("worker.commit.before")
            await consumer.commit({partition: part.hi for partition, part in batch.items()})
            failpoints.reach("worker.commit.after")
        except BaseException:
            # One of several partitions may be lost: those still assigned are read again, a lost one cannot be sought.
            self._rewind(consumer, polled)
            raise
        for partition, records in polled.items():
            self.progress.record_batch(partition, records[-1])
            self.metrics.add(self.metrics.consumed, len(records), partition.topic)
        self.metrics.observe(self.metrics.batch, time.perf_counter() - began)
        oldest = min(records[0].timestamp_ms for records in polled.values())
        self.metrics.observe(self.metrics.age, max(0.0, (now_ms() - oldest) / 1000))

    async def _decode_batch(self, polled: Polled) -> tuple[dict[TopicPartition, PartitionBatch], list[FailedRecord]]:
        batch: dict[TopicPartition, PartitionBatch] = {}
        failed: list[FailedRecord] = []
        began = time.perf_counter()
        for partition, records in polled.items():
            messages: list[Message] = []
            for record in records:
                found = self.decode(record)
                if type(found) is Message:
                    if found.replay_for is None or is_addressed_to(record, self.service):
                        messages.append(found)
                elif type(found) is RejectedMessage and is_addressed_to(record, self.service):
                    failed.append(FailedRecord(record, found.code, found.message))
                if time.perf_counter() - began > YIELD_SECONDS:
                    await asyncio.sleep(0)
                    began = time.perf_counter()
            batch[partition] = PartitionBatch(records[0].offset, records[-1].offset + 1, messages)
        return batch, failed

    def _rewind(self, consumer: Consumer, polled: Polled) -> None:
        """The same records are polled again."""
        for partition, records in polled.items():
            for processor in self.processors:
                processor.revoke(partition)
            with contextlib.suppress(Exception):
                consumer.seek(partition, records[0].offset)

    async def _back_off(self, error: Exception) -> None:
        """Store or log do not answer, or a bug of the chassis: nothing is skipped, the batch is retried."""
        self._failures += 1
        seconds = BACK_OFF[min(self._failures, len(BACK_OFF)) - 1]
        name = type(error).__name__
        self.metrics.add(self.metrics.retries, 1, name)
        log.warning("batch_failed", service=self.service, error=f"{name}: {error}", retry_in_seconds=seconds)
        self._watchdog.failed(f"{name}: {error}")
        if self._failures > 2:
            self.health.report_problem("events", f"{name}: {error}")
        if reason := self._watchdog.reason_silent():
            await self._replace_consumer(reason)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # --- watchdog ----------------------------------------------------------------------------------------------------

    async def _check_consumer(self, consumer: Consumer) -> None:
        now = time.monotonic()
        if now - self._progress_written > PROGRESS_SECONDS:
            self._progress_written = now
            await self.progress.write()
        if consumer.assignment():
            self._watchdog.assigned()
        elif reason := self._watchdog.reason_unassigned():
            await self._replace_consumer(reason)
            return
        if self._watchdog.lag_check_due():
            lag = await consumer.lag()
            self._succeeded()
            self._show_lag(lag)
            if reason := self._watchdog.reason_stalled(lag):
                await self._replace_consumer(reason)

    def _show_lag(self, lag: Mapping[TopicPartition, int]) -> None:
        by_topic = dict.fromkeys(self.topics, 0)
        for partition, n in lag.items():
            by_topic[partition.topic] = by_topic.get(partition.topic, 0) + n
        for topic, n in by_topic.items():
            self.metrics.set(self.metrics.lag, n, topic)
