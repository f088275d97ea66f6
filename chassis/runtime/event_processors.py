"""Event processors: the aggregate runner and the projector behind the one interface that the worker calls."""
import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from chassis.aggregates import Batch, FailedRecord, PartitionBatch, Runner
from chassis.ports import Bus, TopicPartition
from chassis.projections import Projector
from chassis.projections.batch import record_of


class JournalBehind(Exception):
    """Polled records are beyond the end of the journal: the partition has to be read again from there."""


class EventProcessor(Protocol):
    """Called by the worker. When `run` raises, the worker runs the same records again."""

    async def start(self) -> None: ...

    async def assign(self, partition: TopicPartition) -> int | None:
        """Take over the partition. Returns the latest offset to read it from; None: from its beginning."""
        ...

    def revoke(self, partition: TopicPartition) -> None: ...

    async def run(self, batch: Batch) -> Sequence[FailedRecord]:
        """Process every record exactly once; returns what must become dead letters before anything is committed."""
        ...


class AggregateProcessor:
    """Feeds the aggregate runner: fences are in the documents, so it can continue from any offset."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def start(self) -> None:
        await self._runner.start()

    async def assign(self, partition: TopicPartition) -> int | None:
        return 2**63 - 1

    def revoke(self, partition: TopicPartition) -> None: ...

    async def run(self, batch: Batch) -> Sequence[FailedRecord]:
        await self._runner.run(batch)
        return ()


class ProjectionProcessor:
    """Feeds the projector: its journal defines what is counted, the group's offsets only show the lag."""

    def __init__(self, projector: Projector, bus: Bus) -> None:
        self._projector, self._bus = projector, bus
        self._recovered: set[TopicPartition] = set()
        self._failed: list[FailedRecord] = []  # of the last record before a take-over: perhaps never published

    async def start(self) -> None:
        await self._projector.store.ensure(await self._projector.required_collections())

    def use_projector(self, projector: Projector) -> None:
        """Count in another generation from now on. Only while no partition is assigned."""
        self._projector = projector
        self._recovered.clear()
        self._failed.clear()

    async def assign(self, partition: TopicPartition) -> int | None:
        self._recovered.discard(partition)
        offset = await self._projector.recover(partition)
        for failed_offset, code, text in self._projector.last_failures(partition):
            records = await self._bus.read(partition, failed_offset, 1)
            self._failed += [FailedRecord(r, code, text) for r in records if r.offset == failed_offset]
        self._recovered.add(partition)
        return offset

    def revoke(self, partition: TopicPartition) -> None:
        self._recovered.discard(partition)
        self._projector.revoke(partition)

    async def run(self, batch: Batch) -> Sequence[FailedRecord]:
        """Partitions run concurrently: each has its own journal, and their writes are batched."""
        results = await asyncio.gather(*(self._count(*each) for each in batch.items()), return_exceptions=True)
        failed: list[FailedRecord] = []
        for result in results:  # an error is raised when all partitions are done
            if isinstance(result, BaseException):
                raise result
            failed += result
        before, self._failed = self._failed, []
        return [*before, *failed]

    async def _count(self, partition: TopicPartition, polled: PartitionBatch) -> list[FailedRecord]:
        if partition not in self._recovered:
            at = await self.assign(partition)
            if at is None or at < polled.lo:
                raise JournalBehind(
                    f"{partition.topic}/{partition.partition}: counted up to {at}, polled from {polled.lo}")
        self._recovered.discard(partition)  # after any exception it has to be recovered first
        messages: Sequence[Any] = polled.messages
        failures = await self._projector.run(partition, messages, polled.lo, polled.hi)
        self._recovered.add(partition)
        return [FailedRecord(record_of(f.message), f.code, f.text) for f in failures]
