"""Projectors that are wrong in one way each: the model must find every one of them out."""
from collections.abc import Iterable, Sequence
from typing import Any

from chassis.ports import Document, TopicPartition
from chassis.projections import Projector
from chassis.projections.batch import DecodedMessage, ProjectionFailure
from chassis.projections.documents import CellTotal, Fact, JournalRecord, decode_total
from chassis.projections.partition_state import PartitionState


class NoReapply(Projector):
    """A new owner believes that the last record was put."""

    async def _reapply(self, partition: TopicPartition, state: PartitionState, record: JournalRecord) -> None:
        return


class NoUniqueKey(Projector):
    """Anybody may write the next record."""

    async def _insert_record(self, partition: TopicPartition, record: JournalRecord) -> None:
        await self.store.delete(self.collections.journal, [self.collections.record_id(partition, record.k)])
        await super()._insert_record(partition, record)


class ReadsTooEarly(Projector):
    """A batch reads before the record of the batch before is put."""

    _late: tuple[Any, ...] | None = None

    async def _load_facts(self, state: PartitionState, keys: Iterable[str]) -> dict[str, Fact]:
        known = await super()._load_facts(state, keys)
        if self._late:
            late, self._late = self._late, None
            await super()._apply(*late)
        return known

    async def _apply(self, *what: Any) -> None:
        self._late = what

    async def run(
        self, partition: TopicPartition, messages: Sequence[DecodedMessage], lo: int, hi: int,
    ) -> list[ProjectionFailure]:
        """One call is two batches here, as two calls would be."""
        half = (lo + hi) // 2
        first = await super().run(partition, [m for m in messages if m.record and m.record.offset < half], lo, half)
        second = await super().run(partition, messages, half, hi)
        if self._late:
            late, self._late = self._late, None
            await super()._apply(*late)
        return first + second


class BlindImages(Projector):
    """Facts are set whatever record they have."""

    async def _write(self, collection: str, documents: Sequence[Document]) -> None:
        if collection == self.collections.facts and documents:
            await self.store.delete(collection, [d.id for d in documents])
        await super()._write(collection, documents)


class BlindDeltas(Projector):
    """Differences are added whatever record the cell has."""

    async def _load_cells(self, state: PartitionState, ids: Iterable[str], k: int) -> dict[str, CellTotal | None]:
        ids = list(ids)
        found = await self.store.load(self.collections.cells, ids)
        return {id: decode_total(document.body) for id, document in found.items()}

    async def _write(self, collection: str, documents: Sequence[Document]) -> None:
        if collection == self.collections.cells and documents:
            await self.store.delete(collection, [d.id for d in documents])
        await super()._write(collection, documents)


class ForgetsRefusals(Projector):
    """What the last record refused is not told to the next owner."""

    def last_failures(self, partition: TopicPartition) -> list[tuple[int, str, str]]:
        return []


class ForgetsSignals(Projector):
    """A new owner does not read the window of ids."""

    async def _load_event_ids(self, partition: TopicPartition, state: PartitionState) -> None:
        return


class CellsBeforeRecord(Projector):
    """The figures are put before the record that justifies them."""

    async def _run_batch(
        self, partition: TopicPartition, state: PartitionState, messages: Sequence[DecodedMessage], lo: int, hi: int,
    ) -> list[ProjectionFailure]:
        self._early = partition, state
        return await super()._run_batch(partition, state, messages, lo, hi)

    async def _insert_record(self, partition: TopicPartition, record: JournalRecord) -> None:
        await self._write_cells(*self._early, record)
        await super()._insert_record(partition, record)
