"""Generations of a projection: one pointer document per set of definitions names the live one.

A generation is a complete set of facts, cells and journals, counted from the beginning of the log. The first has the
name of its definitions; a rebuild appends a number to it, and one write makes it the live one.
"""
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from chassis.ports import Between, Collection, Document, Store, StoreUnavailable
from chassis.projections.cell_audit import journal_partitions, writer_of
from chassis.projections.documents import CellDelta, MembershipDelta, ProjectionCollections
from chassis.projections.journal_pruning import RecordSums, Sums, load_checkpoint, read_records, sum_records

TRIES = 10
AT_ONCE = 1000


class GenerationPointer(NamedTuple):
    """`building`: the one a rebuild is counting. `number`: of the latest rebuild."""

    live: str
    building: str | None = None
    number: int = 1


class Generations:
    """`base`: the generation named by the definitions."""

    def __init__(self, service: str, store: Store, base: str) -> None:
        self.collection = Collection(f"{service}.generations", {})
        self.base = base
        self._service, self._store = service, store

    async def pointer(self) -> GenerationPointer:
        return (await self._load())[0]

    async def begin(self) -> str:
        """The generation to count: the one being counted, if there is one, else a new one."""
        def with_building(now: GenerationPointer) -> GenerationPointer:
            return now if now.building else GenerationPointer(now.live, f"{self.base}.{now.number + 1}", now.number + 1)

        return str((await self._change(with_building)).building)

    async def switch(self, generation: str) -> str:
        """Make it the live one; returns the name of the previous one."""
        before = (await self.pointer()).live
        await self._change(lambda now: GenerationPointer(generation, None, now.number))
        return before

    async def obsolete(self) -> list[str]:
        """Generations of these definitions that are neither live nor being counted."""
        now = await self.pointer()
        return [g for g in await self._stored_generations() if self._is_own(g) and g not in (now.live, now.building)]

    async def foreign(self) -> list[str]:
        """Generations of other definitions: services not restarted yet may still count in them."""
        return [g for g in await self._stored_generations() if not self._is_own(g)]

    def _is_own(self, generation: str) -> bool:
        return generation == self.base or generation.startswith(f"{self.base}.")

    async def _stored_generations(self) -> list[str]:
        collections = ProjectionCollections(self._service, self.base, ())
        return sorted({
            str(group.by["gen"]) for name in (collections.cells, collections.checkpoints)
            for group in await self._store.count(name, {}, by=("gen",))})

    async def drop(self, generation: str) -> int:
        """Delete its documents; returns their number. Raises ValueError when the generation is in use."""
        if generation in (await self.pointer())[:2]:
            raise ValueError(f"generation {generation} is in use; only other ones can be dropped")
        n = 0
        collections = ProjectionCollections(self._service, generation, ())
        names = collections.cells, collections.members, collections.facts, collections.journal, collections.checkpoints
        for name in names:
            while ids := await self._store.ids(name, prefix=f"{generation}|", limit=AT_ONCE):
                await self._store.delete(name, ids)
                n += len(ids)
        return n

    async def _load(self) -> tuple[GenerationPointer, int]:
        found = (await self._store.load(self.collection.name, [self.base])).get(self.base)
        return (GenerationPointer(self.base), 0) if found is None else (_decode(found.body), found.version)

    async def _change(self, change: Callable[[GenerationPointer], GenerationPointer]) -> GenerationPointer:
        for _ in range(TRIES):
            now, version = await self._load()
            new = change(now)
            document = Document(self.base, version, msgspec.msgpack.encode(new))
            if (new == now and version) or not await self._store.save(self.collection.name, [document]):
                return new
        raise StoreUnavailable(f"{self.collection.name} could not be saved in {TRIES} tries")


class ComparedRecord(msgspec.Struct):
    """The part of a journal record that is compared: up to which offset it counts, and what it adds."""

    k: int
    hi: int
    deltas: list[CellDelta] = []
    members: list[MembershipDelta] = []


class GenerationComparison(NamedTuple):
    """`differences`: (measure, before, after), each [n, sum, memberships]. `undecided`: partitions without a common
    offset, because one generation has not counted as far as the other's journal reaches back."""

    measures: int
    differences: Sequence[tuple[str, Sequence[int], Sequence[int]]]
    undecided: Sequence[str]


async def compare_generations(
    store: Store, old: ProjectionCollections, new: ProjectionCollections,
) -> GenerationComparison:
    """Compare two generations, each partition as of the latest offset at which both ended a batch."""
    before: Sums = {}
    after: Sums = {}
    undecided = []
    old_partitions, new_partitions = await journal_partitions(store, old), await journal_partitions(store, new)
    for writer in sorted({writer_of(old, p) for p in old_partitions} | {writer_of(new, p) for p in new_partitions}):
        one = await _sums_by_offset(store, old, f"{old.generation}|{writer}")
        other = await _sums_by_offset(store, new, f"{new.generation}|{writer}")
        common = one.keys() & other.keys()
        if not common:
            undecided.append(writer)
            continue
        _add_sums(before, one[max(common)])
        _add_sums(after, other[max(common)])
    zero = [0, 0, 0]
    measures = {m: (before.get(m, zero), after.get(m, zero)) for m in sorted({*before, *after})}
    counted = {m: (one, other) for m, (one, other) in measures.items() if any(one) or any(other)}
    differences = [(m, one, other) for m, (one, other) in counted.items() if one != other]
    return GenerationComparison(len(counted), differences, undecided)


async def _sums_by_offset(store: Store, collections: ProjectionCollections, partition_id: str) -> dict[int, Sums]:
    """{offset: sums counted below it}, for the records that are not pruned."""
    known = await load_checkpoint(store, collections, partition_id)
    sums, by_offset = known.sums, dict[int, Sums]()
    async for document in read_records(store, collections, partition_id, Between(known.k + 1, None)):
        record = _decode_compared(document.body)
        sums = sum_records(sums, [RecordSums(record.k, record.deltas, record.members)])
        by_offset[record.hi] = sums
    return by_offset


def _add_sums(total: Sums, more: Sums) -> None:
    for measure, values in more.items():
        total[measure] = [a + b for a, b in zip(total.get(measure, [0, 0, 0]), values, strict=True)]


_decode_compared = msgspec.msgpack.Decoder(ComparedRecord).decode
_decode = msgspec.msgpack.Decoder(GenerationPointer).decode
