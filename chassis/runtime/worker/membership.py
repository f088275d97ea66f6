"""Consumer group membership: join, take over assigned partitions, give up revoked ones, replace a silent consumer."""
import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import structlog

from chassis.http.health import HealthState
from chassis.ports import Bus, Consumer, TopicPartition
from chassis.runtime.event_processors import EventProcessor
from chassis.runtime.progress import Progress
from chassis.runtime.watchdog import Watchdog
from chassis.support import failpoints
from chassis.support.metrics import Metrics

DRAIN_SECONDS = 20.0

log = structlog.get_logger(__name__)


class GroupMember:
    """The half of the worker that owns the consumer."""

    def __init__(
        self, service: str, topics: Sequence[str], bus: Bus, processors: Sequence[EventProcessor], progress: Progress,
        *, group: str, health: HealthState, metrics: Metrics,
    ) -> None:
        self.service, self.topics, self.bus, self.group = service, tuple(topics), bus, group
        self.processors, self.progress = tuple(processors), progress
        self.health, self.metrics = health, metrics
        self._consumer: Consumer | None = None
        self._busy = asyncio.Lock()  # held while a batch is processed
        self._task: asyncio.Task[None] | None = None
        self._watchdog = Watchdog(health)
        self._assignment_error: Exception | None = None  # raised by the loop before the next batch

    async def _join(self) -> Consumer:
        """The started consumer, a new one if there is none."""
        if self._consumer is None:
            consumer = self.bus.consumer(
                self.group, self.topics, on_assigned=self._on_assigned, on_revoked=self._on_revoked)
            self._consumer = consumer
            self._watchdog.joined()
            try:
                await consumer.start()
            except BaseException:
                self._consumer = None
                with contextlib.suppress(Exception):
                    await consumer.stop()
                raise
        return self._consumer

    async def _on_assigned(self, partitions: frozenset[TopicPartition]) -> None:
        self._watchdog.taking_over()
        try:
            await self._take_over(partitions)
        except Exception as error:  # raised in the loop: the consumer that calls this could not handle it
            self._assignment_error = error
        finally:
            self._watchdog.idle()
        self._watchdog.assigned()

    async def _take_over(self, partitions: frozenset[TopicPartition]) -> None:
        """Check that the log is still the same one, and seek to where the slowest processor has to start.

        Not beyond what the store has recorded: a restored store is behind the group's committed offsets.
        """
        failpoints.reach("worker.assigned.before")
        recorded = await self.progress.check(partitions)
        committed = await self.bus.committed(self.group, self.topics)
        ordered = sorted(partitions)
        # Concurrently: a partition whose last record has to be applied again must not wait for those before it.
        found = await asyncio.gather(*map(self._assign, ordered), return_exceptions=True)
        begins: Mapping[TopicPartition, int] | None = None
        for partition, wanted in zip(ordered, found, strict=True):
            if isinstance(wanted, BaseException):
                raise wanted
            offsets = [*wanted, recorded[partition] or None]
            if None in offsets and begins is None:
                begins = await self.bus.begin_offsets(self.topics)
            targets = [(begins or {}).get(partition, 0) if offset is None else offset for offset in offsets]
            is_behind = partition in committed and targets and min(targets) < committed[partition]
            if is_behind and self._consumer is not None:
                self._consumer.seek(partition, min(targets))
        failpoints.reach("worker.assigned.after")
        log.debug("assigned", service=self.service, partitions=len(partitions))

    async def _assign(self, partition: TopicPartition) -> list[int | None]:
        """The offset that each processor has to start from."""
        return [await processor.assign(partition) for processor in self.processors]

    async def _on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        failpoints.reach("worker.revoked")
        if asyncio.current_task() is not self._task:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS), self._busy:
                    pass
        for partition in partitions:
            for processor in self.processors:
                processor.revoke(partition)
        with contextlib.suppress(Exception):
            await self.progress.write()

    async def _replace_consumer(self, reason: str) -> None:
        """A consumer can stop silently; a new one is cheap, and fences make it harmless."""
        log.warning("consumer_replaced", service=self.service, reason=reason)
        self.metrics.add(self.metrics.recreated, 1)
        await self._leave()

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), DRAIN_SECONDS)
        with contextlib.suppress(Exception):
            await self.progress.write()
