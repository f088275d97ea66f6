"""Keeping the journal short, and proving that the figures are what it says.

A checkpoint per partition carries the sums of the records that were taken away, so what the journal has added since the
beginning can be compared with what the cells hold at any time.
"""
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

import msgspec

from chassis import failpoints
from chassis.ports import Between, Document, Store
from chassis.projector.documents import Delta, Layout, MemberDelta, encode

Sums = dict[str, list[int]]
"""{measure: [n, sum, memberships]}"""


class Checkpoint(msgspec.Struct):
    """The sums of records 1 to `k`, which may be gone from the journal."""

    k: int = 0
    sums: Sums = {}


class Added(msgspec.Struct):
    """What of a journal record is summed up; the rest is not even decoded."""

    k: int
    deltas: list[Delta] = []
    members: list[MemberDelta] = []


class Mismatch(NamedTuple):
    """`journal` and `kept`: (n, sum, memberships) of a measure that ought to be equal for this writer and grain."""

    place: str
    grain: str
    measure: str
    journal: tuple[int, ...]
    kept: tuple[int, ...]


_decode_checkpoint = msgspec.msgpack.Decoder(Checkpoint).decode
_decode_added = msgspec.msgpack.Decoder(Added).decode


async def checkpoint(store: Store, layout: Layout, place: str) -> Checkpoint:
    found = await store.load(layout.checkpoints, [place])
    return _decode_checkpoint(found[place].body) if place in found else Checkpoint()


async def prune(store: Store, layout: Layout, place: str, upto: int) -> None:
    """Carry the records up to number `upto` into the checkpoint, then take them away.

    The checkpoint comes first: whoever finds a number free again can see there that it was used. Records that are
    missing were taken away by another owner, who has carried them; then there is nothing to do.
    """
    before = await checkpoint(store, layout, place)
    if upto <= before.k:
        return
    records: dict[int, Added] = {}
    ids = []
    async for document in _records(store, layout, place, Between(None, upto + 1)):
        record = _decode_added(document.body)
        records[record.k] = record
        ids.append(document.id)
    wanted = range(before.k + 1, upto + 1)
    if not all(k in records for k in wanted):
        return
    sums = _added(before.sums, (records[k] for k in wanted))
    body = encode(Checkpoint(upto, sums))
    failpoints.reach("projector.checkpoint.before")
    await store.put_newer(layout.checkpoints, [Document(place, upto, body, {"gen": layout.generation})])
    failpoints.reach("projector.checkpoint.after")
    await store.delete(layout.journal, ids)
    failpoints.reach("projector.prune.after")


async def audit(store: Store, layout: Layout) -> list[Mismatch]:
    """Every measure whose cells or memberships are not what the journal added up to. Asked while figures move, it looks
    again up to three times; a record that nobody has finished putting shows as a mismatch until it is recovered."""
    found: list[Mismatch] = []
    for group in await store.count(layout.journal, {}, by=("place",)):
        place = str(group.by["place"])
        if place.startswith(f"{layout.generation}|"):
            found += await _settled(store, layout, place)
    return found


async def _settled(store: Store, layout: Layout, place: str) -> list[Mismatch]:
    mismatches: list[Mismatch] = []
    for _ in range(3):
        mismatches = await _compare(store, layout, place)
        if not mismatches:
            break
    return mismatches


async def _compare(store: Store, layout: Layout, place: str) -> list[Mismatch]:
    said = await _said(store, layout, place)
    writer = place.removeprefix(f"{layout.generation}|")
    where = {"gen": layout.generation, "writer": writer}
    members = {
        str(group.by["measure"]): group.sums["n"]
        for group in await store.count(layout.members, where, by=("measure",), sums=("n",))}
    found = []
    for grain in layout.grains:
        cells = {
            str(group.by["measure"]): group.sums
            for group in await store.count(
                layout.cells, {**where, "grain": grain}, by=("measure",), sums=("n", "sum"))}
        for measure in sorted({*said, *cells, *members}):
            sums = cells.get(measure, {"n": 0, "sum": 0})
            kept = (sums["n"], sums["sum"], members.get(measure, 0))
            journal = tuple(said.get(measure, (0, 0, 0)))
            if journal != kept:
                found.append(Mismatch(place, grain, measure, journal, kept))
    return found


async def _said(store: Store, layout: Layout, place: str) -> Sums:
    """All that the journal ever added: the checkpoint and the records after it."""
    before = await checkpoint(store, layout, place)
    records = [
        _decode_added(document.body)
        async for document in _records(store, layout, place, Between(before.k + 1, None))]
    return _added(before.sums, records)


def _added(sums: Sums, records: Iterable[Added]) -> Sums:
    made = {measure: list(values) for measure, values in sums.items()}
    for record in records:
        for measure, _, _, n, total, _ in record.deltas:
            values = made.setdefault(measure, [0, 0, 0])
            values[0] += n
            values[1] += total
        for measure, _, _, _, n in record.members:
            made.setdefault(measure, [0, 0, 0])[2] += n
    return made


async def _records(store: Store, layout: Layout, place: str, numbers: Between) -> AsyncIterator[Document]:
    after = None
    while True:
        page = await store.find(layout.journal, {"place": place, "k": numbers}, order="k", after=after, limit=20)
        for document in page.documents:
            yield document
        after = page.next
        if after is None:
            return
