"""Keeping the journal short.

A checkpoint per partition carries the sums of the records that were taken away, so what the journal has added since the
beginning can be compared with what the cells hold at any time (`auditing`).
"""
from collections.abc import AsyncIterator, Iterable

import msgspec

from chassis.ports import Between, Document, Store
from chassis.projections.documents import Delta, ProjectionCollections, MemberDelta, encode
from chassis.support import failpoints

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


_decode_checkpoint = msgspec.msgpack.Decoder(Checkpoint).decode
decode_added = msgspec.msgpack.Decoder(Added).decode


async def checkpoint(store: Store, layout: ProjectionCollections, place: str) -> Checkpoint:
    found = await store.load(layout.checkpoints, [place])
    return _decode_checkpoint(found[place].body) if place in found else Checkpoint()


async def prune(store: Store, layout: ProjectionCollections, place: str, upto: int) -> None:
    """Carry the records up to number `upto` into the checkpoint, then take them away.

    The checkpoint comes first: whoever finds a number free again can see there that it was used. Records that are
    missing were taken away by another owner, who has carried them; then there is nothing to do.
    """
    before = await checkpoint(store, layout, place)
    if upto <= before.k:
        return
    records: dict[int, Added] = {}
    ids = []
    async for document in records_of(store, layout, place, Between(None, upto + 1)):
        record = decode_added(document.body)
        records[record.k] = record
        ids.append(document.id)
    wanted = range(before.k + 1, upto + 1)
    if not all(k in records for k in wanted):
        return
    sums = added_up(before.sums, (records[k] for k in wanted))
    body = encode(Checkpoint(upto, sums))
    failpoints.reach("projector.checkpoint.before")
    await store.put_newer(layout.checkpoints, [Document(place, upto, body, {"gen": layout.generation})])
    failpoints.reach("projector.checkpoint.after")
    await store.delete(layout.journal, ids)
    failpoints.reach("projector.prune.after")


def added_up(sums: Sums, records: Iterable[Added]) -> Sums:
    made = {measure: list(values) for measure, values in sums.items()}
    for record in records:
        for measure, _, _, n, total, _ in record.deltas:
            values = made.setdefault(measure, [0, 0, 0])
            values[0] += n
            values[1] += total
        for measure, _, _, _, n in record.members:
            made.setdefault(measure, [0, 0, 0])[2] += n
    return made


async def records_of(store: Store, layout: ProjectionCollections, place: str, numbers: Between) -> AsyncIterator[Document]:
    after = None
    while True:
        page = await store.find(layout.journal, {"place": place, "k": numbers}, order="k", after=after, limit=20)
        for document in page.documents:
            yield document
        after = page.next
        if after is None:
            return
