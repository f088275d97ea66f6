"""Which counting of a projection is the live one: one pointer document per set of definitions.

A generation is one counting of all facts, cells and journals from the beginning of the log. The first has the name of
its definitions; counted anew it gets a number behind it, and becomes the live one by one write.
"""
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from chassis.ports import Collection, Document, Store, StoreUnavailable
from chassis.projector.documents import Layout

TRIES = 10
AT_ONCE = 1000


class Pointer(NamedTuple):
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

    async def pointer(self) -> Pointer:
        return (await self._load())[0]

    async def begin(self) -> str:
        """The generation to be counted; the one that is being counted already, if there is one."""
        def begun(now: Pointer) -> Pointer:
            return now if now.building else Pointer(now.live, f"{self.base}.{now.number + 1}", now.number + 1)

        return str((await self._change(begun)).building)

    async def switch(self, generation: str) -> str:
        """Make it the live one; the name of the one that was live before."""
        before = (await self.pointer()).live
        await self._change(lambda now: Pointer(generation, None, now.number))
        return before

    async def forgotten(self) -> list[str]:
        """Generations of these definitions that are neither live nor being counted."""
        now = await self.pointer()
        layout = Layout(self._service, self.base, ())
        kept = {str(g.by["gen"]) for name in (layout.cells, layout.checkpoints)
                for g in await self._store.count(name, {}, by=("gen",))}
        return sorted(
            g for g in kept
            if (g == self.base or g.startswith(f"{self.base}.")) and g not in (now.live, now.building))

    async def drop(self, generation: str) -> int:
        """Take away all that was counted in it; how many documents."""
        if generation in (await self.pointer())[:2]:
            raise ValueError(f"generation {generation} is in use")
        n = 0
        layout = Layout(self._service, generation, ())
        for name in (layout.cells, layout.members, layout.facts, layout.journal, layout.checkpoints):
            while ids := await self._store.ids(name, prefix=f"{generation}|", limit=AT_ONCE):
                await self._store.delete(name, ids)
                n += len(ids)
        return n

    async def _load(self) -> tuple[Pointer, int]:
        found = (await self._store.load(self.collection.name, [self.base])).get(self.base)
        return (Pointer(self.base), 0) if found is None else (_decode(found.body), found.version)

    async def _change(self, change: Callable[[Pointer], Pointer]) -> Pointer:
        for _ in range(TRIES):
            now, version = await self._load()
            new = change(now)
            document = Document(self.base, version, msgspec.msgpack.encode(new))
            if (new == now and version) or not await self._store.save(self.collection.name, [document]):
                return new
        raise StoreUnavailable("the pointer to the live generation is written by too many at once")


async def figures_of(store: Store, layout: Layout) -> Mapping[str, tuple[int, int]]:
    """{measure: (n, sum)} over all cells of a generation, by its first grain."""
    where = {"gen": layout.generation, "grain": layout.grains[0]}
    groups = await store.count(layout.cells, where, by=("measure",), sums=("n", "sum"))
    return {str(g.by["measure"]): (g.sums["n"], g.sums["sum"]) for g in groups if g.sums["n"] or g.sums["sum"]}


def differing(
    before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]],
) -> Sequence[tuple[str, tuple[int, int], tuple[int, int]]]:
    """(measure, before, after) of those that are not the same."""
    return [
        (m, before.get(m, (0, 0)), after.get(m, (0, 0)))
        for m in sorted({*before, *after}) if before.get(m, (0, 0)) != after.get(m, (0, 0))]


_decode = msgspec.msgpack.Decoder(Pointer).decode
