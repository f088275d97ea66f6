"""Which counting of a projection is the live one: one pointer document per set of definitions.

A generation is one counting of all facts, cells and journals from the beginning of the log. The first has the name of
its definitions; counted anew it gets a number behind it, and becomes the live one by one write.
"""
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from chassis.ports import Between, Collection, Document, Store, StoreUnavailable
from chassis.projections.cell_audit import places_of, writer_of
from chassis.projections.documents import Delta, ProjectionCollections, MemberDelta
from chassis.projections.journal_pruning import Added, Sums, added_up, checkpoint, records_of

TRIES = 10
AT_ONCE = 1000


class GenerationPointer(NamedTuple):
    """`building`: one that is being counted beside it. `number`: of the last one begun."""

    live: str
    building: str | None = None
    number: int = 1


class Generations:
    """`base`: the name that the definitions give."""

    def __init__(self, service: str, store: Store, base: str) -> None:
        self.collection = Collection(f"{service}.generations", {})
        self.base = base
        self._service, self._store = service, store

    async def pointer(self) -> GenerationPointer:
        return (await self._load())[0]

    async def begin(self) -> str:
        """The generation to be counted; the one that is being counted already, if there is one."""
        def begun(now: GenerationPointer) -> GenerationPointer:
            return now if now.building else GenerationPointer(now.live, f"{self.base}.{now.number + 1}", now.number + 1)

        return str((await self._change(begun)).building)

    async def switch(self, generation: str) -> str:
        """Make it the live one; the name of the one that was live before."""
        before = (await self.pointer()).live
        await self._change(lambda now: GenerationPointer(generation, None, now.number))
        return before

    async def forgotten(self) -> list[str]:
        """Generations of these definitions that are neither live nor being counted."""
        now = await self.pointer()
        return [g for g in await self._kept() if self._ours(g) and g not in (now.live, now.building)]

    async def foreign(self) -> list[str]:
        """Generations of other definitions: services that were not started again yet may still count in them."""
        return [g for g in await self._kept() if not self._ours(g)]

    def _ours(self, generation: str) -> bool:
        return generation == self.base or generation.startswith(f"{self.base}.")

    async def _kept(self) -> list[str]:
        layout = ProjectionCollections(self._service, self.base, ())
        return sorted({
            str(group.by["gen"]) for name in (layout.cells, layout.checkpoints)
            for group in await self._store.count(name, {}, by=("gen",))})

    async def drop(self, generation: str) -> int:
        """Take away all that was counted in it; how many documents."""
        if generation in (await self.pointer())[:2]:
            raise ValueError(f"generation {generation} is in use")
        n = 0
        layout = ProjectionCollections(self._service, generation, ())
        for name in (layout.cells, layout.members, layout.facts, layout.journal, layout.checkpoints):
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
        raise StoreUnavailable("the pointer to the live generation is written by too many at once")


class ComparedRecord(msgspec.Struct):
    """What of a journal record is compared: up to which offset it counts, and what it added."""

    k: int
    hi: int
    deltas: list[Delta] = []
    members: list[MemberDelta] = []


class Compared(NamedTuple):
    """`unlike`: (measure, before, after), each [n, sum, memberships]. `undecided`: places that no common offset was
    found of: one counting has not come as far as the other remembers."""

    measures: int
    unlike: Sequence[tuple[str, Sequence[int], Sequence[int]]]
    undecided: Sequence[str]


async def compare(store: Store, old: ProjectionCollections, new: ProjectionCollections) -> Compared:
    """Two countings of the same log, each place as of the latest offset at which both ended a batch."""
    before: Sums = {}
    after: Sums = {}
    undecided = []
    ours, theirs = await places_of(store, old), await places_of(store, new)
    for writer in sorted({writer_of(old, p) for p in ours} | {writer_of(new, p) for p in theirs}):
        one = await _sums_by_offset(store, old, f"{old.generation}|{writer}")
        other = await _sums_by_offset(store, new, f"{new.generation}|{writer}")
        common = one.keys() & other.keys()
        if not common:
            undecided.append(writer)
            continue
        _add_up(before, one[max(common)])
        _add_up(after, other[max(common)])
    zero = [0, 0, 0]
    names = sorted(m for m in {*before, *after} if any(before.get(m, zero)) or any(after.get(m, zero)))
    unlike = [(m, before.get(m, zero), after.get(m, zero)) for m in names if before.get(m, zero) != after.get(m, zero)]
    return Compared(len(names), unlike, undecided)


async def _sums_by_offset(store: Store, layout: ProjectionCollections, place: str) -> dict[int, Sums]:
    """{offset: what was counted below it}, of the records that are still there."""
    known = await checkpoint(store, layout, place)
    sums, made = known.sums, dict[int, Sums]()
    async for document in records_of(store, layout, place, Between(known.k + 1, None)):
        record = _decode_told(document.body)
        sums = added_up(sums, [Added(record.k, record.deltas, record.members)])
        made[record.hi] = sums
    return made


def _add_up(total: Sums, more: Sums) -> None:
    for measure, values in more.items():
        total[measure] = [a + b for a, b in zip(total.get(measure, [0, 0, 0]), values, strict=True)]


_decode_told = msgspec.msgpack.Decoder(ComparedRecord).decode
_decode = msgspec.msgpack.Decoder(GenerationPointer).decode
