"""Putting a journal record into facts, cells and members: any order, any number of times, by anybody.

Every document gets its whole new value under the record's number, and only where a lower number is stored. What the
record adds to is the value that the records before it left; who finds the number or a later one has nothing to do.
"""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from chassis.domain.projection import Projection
from chassis.ports import Document, Scalar, Store, TopicPartition
from chassis.projections.documents import (
    Delta,
    JournalRecord,
    Fact,
    ProjectionCollections,
    MemberDelta,
    Row,
    Total,
    day_of,
    decode_fact,
    decode_row,
    decode_total,
    encode,
)
from chassis.projections.partition_state import Held
from chassis.support import failpoints

AT_ONCE = 2_000  # documents

K = TypeVar("K")
V = TypeVar("V")
CellKey = tuple[str, str, str, str]
Facts = dict[str, Fact]
Indexes = Mapping[str, Mapping[str, Scalar]]


class JournalWriter:
    """The half of the projector that writes what was decided."""

    def __init__(self, projection: Projection, store: Store, layout: ProjectionCollections) -> None:
        self.projection, self.store, self.layout = projection, store, layout

    async def _reapply(self, place: TopicPartition, held: Held, entry: JournalRecord) -> None:
        facts = {key: decode_fact(body) for key, body in entry.images.items()}
        indexes = {key: self.layout.fact_index(self.projection, fact) for key, fact in facts.items()}
        await self._apply(place, held, entry, facts, indexes)

    async def _apply(
        self, place: TopicPartition, held: Held, entry: JournalRecord, facts: Facts, indexes: Indexes,
    ) -> None:
        await self._put_facts(held, entry, facts, indexes)
        await self._put_cells(place, held, entry)
        await self._put_members(place, held, entry)

    async def _put_facts(
        self, held: Held, entry: JournalRecord, facts: Facts, indexes: Indexes,
    ) -> None:
        failpoints.reach("projector.facts.before")
        await self._put(
            self.layout.facts,
            [Document(key, entry.k, body, indexes[key]) for key, body in entry.images.items()])
        failpoints.reach("projector.facts.after")
        for key, fact in facts.items():
            held.facts.put(key, fact)

    async def _put_cells(self, place: TopicPartition, held: Held, entry: JournalRecord) -> None:
        for sums in _parts(merged(entry.deltas, self.layout.grains)):
            await self._put_some_cells(place, held, entry.k, sums)

    async def _put_some_cells(
        self, place: TopicPartition, held: Held, k: int, sums: Mapping[CellKey, Total],
    ) -> None:
        writer = f"{place.topic}|{place.partition}"
        prefix = f"{self.layout.generation}|"
        ids = {key: f"{prefix}{'|'.join(key)}|{writer}" for key in sums}
        stored = await self._totals(held, ids.values(), k)
        documents = []
        for key, delta in sums.items():
            id = ids[key]
            if id in stored:
                total = stored[id]
                if total is None:
                    continue
                total = added(total, delta)
            else:
                total = delta
            held.cells.put(id, total)
            measure, grain, day, dims = key
            documents.append(Document(id, k, encode(total), {
                "gen": self.layout.generation, "writer": writer, "measure": measure, "grain": grain, "day": day,
                "dims": dims, "n": total.n, "sum": total.sum,
            }))
        failpoints.reach("projector.cells.before")
        await self._put(self.layout.cells, documents)
        failpoints.reach("projector.cells.after")

    async def _totals(self, held: Held, ids: Iterable[str], k: int) -> dict[str, Total | None]:
        """Cells as they were before record k; None: has it already; absent: no such cell yet."""
        found: dict[str, Total | None] = {}
        missing = []
        for id in ids:
            total = held.cells.get(id)
            if total is None:
                missing.append(id)
            else:
                found[id] = total
        if missing:
            for id, document in (await self.store.load(self.layout.cells, missing)).items():
                found[id] = decode_total(document.body) if document.version < k else None
        return found

    async def _put_members(self, place: TopicPartition, held: Held, entry: JournalRecord) -> None:
        writer = f"{place.topic}|{place.partition}"
        for rows in _parts({f"{self.layout.generation}|{'|'.join(row[:4])}|{writer}": row for row in entry.members}):
            await self._put_some_members(writer, held, entry.k, rows)

    async def _put_some_members(
        self, writer: str, held: Held, k: int, deltas: Mapping[str, MemberDelta],
    ) -> None:
        stored = await self._rows(held, deltas, k)
        documents = []
        for id, (measure, day, dims, member, n) in deltas.items():
            before = stored.get(id, Row())
            if before is None:
                continue
            row = Row(before.n + n)
            held.members.put(id, row)
            documents.append(Document(id, k, encode(row), {
                "gen": self.layout.generation, "writer": writer, "measure": measure, "day": day, "dims": dims,
                "member": member, "n": row.n,
            }))
        failpoints.reach("projector.members.before")
        await self._put(self.layout.members, documents)
        failpoints.reach("projector.members.after")

    async def _rows(self, held: Held, ids: Iterable[str], k: int) -> dict[str, Row | None]:
        """The same as `_totals`, of membership rows."""
        found: dict[str, Row | None] = {}
        missing = []
        for id in ids:
            row = held.members.get(id)
            if row is None:
                missing.append(id)
            else:
                found[id] = row
        if missing:
            for id, document in (await self.store.load(self.layout.members, missing)).items():
                found[id] = decode_row(document.body) if document.version < k else None
        return found

    async def _put(self, collection: str, documents: Sequence[Document]) -> None:
        if documents:
            await self.store.put_newer(collection, documents)


def _parts(whole: dict[K, V]) -> Iterator[Mapping[K, V]]:
    """As many as are written at once: a batch of history changes a hundred thousand cells, and the documents of all
    of them would take more memory than everything else together."""
    if len(whole) <= AT_ONCE:
        yield whole
        return
    items = iter(whole.items())
    while part := dict(islice(items, AT_ONCE)):
        yield part


def merged(deltas: Iterable[Delta], grains: Sequence[str]) -> dict[CellKey, Total]:
    """{(measure, grain, day, dims): difference}: several days fall into one month."""
    sums: dict[CellKey, Total] = {}
    for grain in grains:
        for measure, day, dims, n, total, hist in deltas:
            key = (measure, grain, day_of(grain, day), dims)
            delta = Total(n, total, hist)
            before = sums.get(key)
            sums[key] = delta if before is None else added(before, delta)
    return sums


def added(total: Total, delta: Total) -> Total:
    """Values that are counted no more leave the histogram."""
    hist = total.hist
    if delta.hist:
        hist = dict(hist or {})
        for value, count in delta.hist.items():
            count += hist.get(value, 0)
            if count:
                hist[value] = count
            else:
                hist.pop(value, None)
    return Total(total.n + delta.n, total.sum + delta.sum, hist or None)
