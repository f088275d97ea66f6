"""Projectors that are wrong in one way each: the model must find every one of them out."""
from collections.abc import Iterable, Sequence
from typing import Any

from chassis.ports import Document, TopicPartition
from chassis.projections import Projector
from chassis.projections.batch import Heard, Refused
from chassis.projections.documents import JournalRecord, Fact, Total, decode_total
from chassis.projections.partition_state import Held


class NoReapply(Projector):
    """A new owner believes that the last record was put."""

    async def _reapply(self, place: TopicPartition, held: Held, entry: JournalRecord) -> None:
        return


class NoUniqueKey(Projector):
    """Anybody may write the next record."""

    async def _insert(self, place: TopicPartition, entry: JournalRecord) -> None:
        await self.store.delete(self.layout.journal, [self.layout.entry(place, entry.k)])
        await super()._insert(place, entry)


class ReadsTooEarly(Projector):
    """A batch reads before the record of the batch before is put."""

    _late: tuple[Any, ...] | None = None

    async def _facts(self, held: Held, keys: Iterable[str]) -> dict[str, Fact]:
        known = await super()._facts(held, keys)
        if self._late:
            late, self._late = self._late, None
            await super()._apply(*late)
        return known

    async def _apply(self, *what: Any) -> None:
        self._late = what

    async def run(self, place: TopicPartition, messages: Sequence[Heard], lo: int, hi: int) -> list[Refused]:
        """One call is two batches here, as two calls would be."""
        half = (lo + hi) // 2
        first = await super().run(place, [m for m in messages if m.record and m.record.offset < half], lo, half)
        second = await super().run(place, messages, half, hi)
        if self._late:
            late, self._late = self._late, None
            await super()._apply(*late)
        return first + second


class BlindImages(Projector):
    """Facts are set whatever record they have."""

    async def _put(self, collection: str, documents: Sequence[Document]) -> None:
        if collection == self.layout.facts and documents:
            await self.store.delete(collection, [d.id for d in documents])
        await super()._put(collection, documents)


class BlindDeltas(Projector):
    """Differences are added whatever record the cell has."""

    async def _totals(self, held: Held, ids: Iterable[str], k: int) -> dict[str, Total | None]:
        ids = list(ids)
        found = await self.store.load(self.layout.cells, ids)
        return {id: decode_total(document.body) for id, document in found.items()}

    async def _put(self, collection: str, documents: Sequence[Document]) -> None:
        if collection == self.layout.cells and documents:
            await self.store.delete(collection, [d.id for d in documents])
        await super()._put(collection, documents)


class ForgetsRefusals(Projector):
    """What the last record refused is not told to the next owner."""

    def refusals(self, place: TopicPartition) -> list[tuple[int, str, str]]:
        return []


class ForgetsSignals(Projector):
    """A new owner does not read the window of ids."""

    async def _remember(self, place: TopicPartition, held: Held, last: JournalRecord) -> None:
        return


class CellsBeforeRecord(Projector):
    """The figures are put before the record that justifies them."""

    async def _batch(
        self, place: TopicPartition, held: Held, messages: Sequence[Heard], lo: int, hi: int,
    ) -> list[Refused]:
        self._early = place, held
        return await super()._batch(place, held, messages, lo, hi)

    async def _insert(self, place: TopicPartition, entry: JournalRecord) -> None:
        await self._put_cells(*self._early, entry)
        await super()._insert(place, entry)
