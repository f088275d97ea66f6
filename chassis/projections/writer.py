"""Writes a journal record to facts, cells and membership rows; any order, any repetition and any writer give the same.

Every document is written as a whole under the record's number, and only over a lower number. A record adds to the value
that the records before it left; a document that already has the number or a later one is complete.
"""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from chassis.domain.projection import Projection
from chassis.ports import Document, Scalar, Store, TopicPartition
from chassis.projections.documents import (
    CellDelta,
    CellTotal,
    Fact,
    JournalRecord,
    MembershipDelta,
    MembershipRow,
    ProjectionCollections,
    day_of,
    decode_fact,
    decode_row,
    decode_total,
    encode,
)
from chassis.projections.partition_state import PartitionState
from chassis.support import failpoints

AT_ONCE = 2_000  # documents

K = TypeVar("K")
V = TypeVar("V")
CellId = tuple[str, str, str, str]
"""measure, grain, day, dimensions"""
Facts = dict[str, Fact]
Indexes = Mapping[str, Mapping[str, Scalar]]


class JournalWriter:
    """The half of the projector that writes what was decided."""

    def __init__(self, projection: Projection, store: Store, collections: ProjectionCollections) -> None:
        self.projection, self.store, self.collections = projection, store, collections

    async def _reapply(self, partition: TopicPartition, state: PartitionState, record: JournalRecord) -> None:
        facts = {key: decode_fact(body) for key, body in record.images.items()}
        indexes = {key: self.collections.fact_index(self.projection, fact) for key, fact in facts.items()}
        await self._apply(partition, state, record, facts, indexes)

    async def _apply(
        self, partition: TopicPartition, state: PartitionState, record: JournalRecord, facts: Facts, indexes: Indexes,
    ) -> None:
        await self._write_facts(state, record, facts, indexes)
        await self._write_cells(partition, state, record)
        await self._write_members(partition, state, record)

    async def _write_facts(self, state: PartitionState, record: JournalRecord, facts: Facts, indexes: Indexes) -> None:
        failpoints.reach("projector.facts.before")
        await self._write(
            self.collections.facts,
            [Document(key, record.k, body, indexes[key]) for key, body in record.images.items()])
        failpoints.reach("projector.facts.after")
        for key, fact in facts.items():
            state.facts.set(key, fact)

    async def _write_cells(self, partition: TopicPartition, state: PartitionState, record: JournalRecord) -> None:
        for sums in _split(merge_deltas(record.deltas, self.collections.grains)):
            await self._write_cell_batch(partition, state, record.k, sums)

    async def _write_cell_batch(
        self, partition: TopicPartition, state: PartitionState, k: int, sums: Mapping[CellId, CellTotal],
    ) -> None:
        writer = f"{partition.topic}|{partition.partition}"
        prefix = f"{self.collections.generation}|"
        ids = {key: f"{prefix}{'|'.join(key)}|{writer}" for key in sums}
        stored = await self._load_cells(state, ids.values(), k)
        documents = []
        for key, delta in sums.items():
            id = ids[key]
            if id in stored:
                total = stored[id]
                if total is None:
                    continue
                total = add_totals(total, delta)
            else:
                total = delta
            state.cells.set(id, total)
            measure, grain, day, dims = key
            documents.append(Document(id, k, encode(total), {
                "gen": self.collections.generation, "writer": writer, "measure": measure, "grain": grain, "day": day,
                "dims": dims, "n": total.n, "sum": total.sum,
            }))
        failpoints.reach("projector.cells.before")
        await self._write(self.collections.cells, documents)
        failpoints.reach("projector.cells.after")

    async def _load_cells(self, state: PartitionState, ids: Iterable[str], k: int) -> dict[str, CellTotal | None]:
        """Cells as they were before record k; None: record k is applied already; absent: no such cell yet."""
        found: dict[str, CellTotal | None] = {}
        missing = []
        for id in ids:
            total = state.cells.get(id)
            if total is None:
                missing.append(id)
            else:
                found[id] = total
        if missing:
            for id, document in (await self.store.load(self.collections.cells, missing)).items():
                found[id] = decode_total(document.body) if document.version < k else None
        return found

    async def _write_members(self, partition: TopicPartition, state: PartitionState, record: JournalRecord) -> None:
        writer, generation = f"{partition.topic}|{partition.partition}", self.collections.generation
        for rows in _split({f"{generation}|{'|'.join(row[:4])}|{writer}": row for row in record.members}):
            await self._write_member_batch(writer, state, record.k, rows)

    async def _write_member_batch(
        self, writer: str, state: PartitionState, k: int, deltas: Mapping[str, MembershipDelta],
    ) -> None:
        stored = await self._load_members(state, deltas, k)
        documents = []
        for id, (measure, day, dims, member, n) in deltas.items():
            before = stored.get(id, MembershipRow())
            if before is None:
                continue
            row = MembershipRow(before.n + n)
            state.members.set(id, row)
            documents.append(Document(id, k, encode(row), {
                "gen": self.collections.generation, "writer": writer, "measure": measure, "day": day, "dims": dims,
                "member": member, "n": row.n,
            }))
        failpoints.reach("projector.members.before")
        await self._write(self.collections.members, documents)
        failpoints.reach("projector.members.after")

    async def _load_members(self, state: PartitionState, ids: Iterable[str], k: int) -> dict[str, MembershipRow | None]:
        """Membership rows, as `_load_cells` loads cells."""
        found: dict[str, MembershipRow | None] = {}
        missing = []
        for id in ids:
            row = state.members.get(id)
            if row is None:
                missing.append(id)
            else:
                found[id] = row
        if missing:
            for id, document in (await self.store.load(self.collections.members, missing)).items():
                found[id] = decode_row(document.body) if document.version < k else None
        return found

    async def _write(self, collection: str, documents: Sequence[Document]) -> None:
        if documents:
            await self.store.save_newer(collection, documents)


def _split(items: dict[K, V]) -> Iterator[Mapping[K, V]]:
    """Parts of at most AT_ONCE items: a batch of history changes a hundred thousand cells, whose documents would take
    more memory than everything else together."""
    if len(items) <= AT_ONCE:
        yield items
        return
    rest = iter(items.items())
    while part := dict(islice(rest, AT_ONCE)):
        yield part


def merge_deltas(deltas: Iterable[CellDelta], grains: Sequence[str]) -> dict[CellId, CellTotal]:
    """What is added to each cell of each grain: several days fall into one month."""
    sums: dict[CellId, CellTotal] = {}
    for grain in grains:
        for measure, day, dims, n, total, hist in deltas:
            key = (measure, grain, day_of(grain, day), dims)
            delta = CellTotal(n, total, hist)
            before = sums.get(key)
            sums[key] = delta if before is None else add_totals(before, delta)
    return sums


def add_totals(total: CellTotal, delta: CellTotal) -> CellTotal:
    """The sum of both; values whose count becomes 0 leave the histogram."""
    hist = total.hist
    if delta.hist:
        hist = dict(hist or {})
        for value, count in delta.hist.items():
            count += hist.get(value, 0)
            if count:
                hist[value] = count
            else:
                hist.pop(value, None)
    return CellTotal(total.n + delta.n, total.sum + delta.sum, hist or None)
