"""Journal pruning: keeps the journal short.

A checkpoint per partition holds the sums of the deleted records, so that everything the journal ever added can be
compared with the cells at any time (see `cell_audit`).
"""
from collections.abc import AsyncIterator, Iterable

import msgspec

from chassis.ports import Between, Document, Store, Where
from chassis.projections.documents import CellDelta, MembershipDelta, ProjectionCollections, encode
from chassis.support import failpoints

Sums = dict[str, list[int]]
"""{measure: [n, sum, memberships]}"""


class Checkpoint(msgspec.Struct):
    """The sums of records 1 to `k`, which may be deleted from the journal."""

    k: int = 0
    sums: Sums = {}


class RecordSums(msgspec.Struct):
    """The part of a journal record that is summed up; the rest is not decoded."""

    k: int
    deltas: list[CellDelta] = []
    members: list[MembershipDelta] = []


_decode_checkpoint = msgspec.msgpack.Decoder(Checkpoint).decode
decode_sums = msgspec.msgpack.Decoder(RecordSums).decode


async def load_checkpoint(store: Store, collections: ProjectionCollections, partition_id: str) -> Checkpoint:
    found = await store.load(collections.checkpoints, [partition_id])
    return _decode_checkpoint(found[partition_id].body) if partition_id in found else Checkpoint()


async def prune_journal(store: Store, collections: ProjectionCollections, partition_id: str, upto: int) -> None:
    """Add the records up to number `upto` to the checkpoint, then delete them.

    The checkpoint comes first: an owner that finds a number free again can see there that it was used. Missing records
    were added and deleted by another owner; then there is nothing to do.
    """
    before = await load_checkpoint(store, collections, partition_id)
    if upto <= before.k:
        return
    records: dict[int, RecordSums] = {}
    ids = []
    async for document in read_records(store, collections, partition_id, Between(None, upto + 1)):
        record = decode_sums(document.body)
        records[record.k] = record
        ids.append(document.id)
    wanted = range(before.k + 1, upto + 1)
    if not all(k in records for k in wanted):
        return
    sums = sum_records(before.sums, (records[k] for k in wanted))
    body = encode(Checkpoint(upto, sums))
    failpoints.reach("projector.checkpoint.before")
    checkpoint = Document(partition_id, upto, body, {"gen": collections.generation})
    await store.save_newer(collections.checkpoints, [checkpoint])
    failpoints.reach("projector.checkpoint.after")
    await store.delete(collections.journal, ids)
    failpoints.reach("projector.prune.after")


def sum_records(sums: Sums, records: Iterable[RecordSums]) -> Sums:
    """`sums` plus what the records add."""
    totals = {measure: list(values) for measure, values in sums.items()}
    for record in records:
        for measure, _, _, n, total, _ in record.deltas:
            values = totals.setdefault(measure, [0, 0, 0])
            values[0] += n
            values[1] += total
        for measure, _, _, _, n in record.members:
            totals.setdefault(measure, [0, 0, 0])[2] += n
    return totals


async def read_records(
    store: Store, collections: ProjectionCollections, partition_id: str, numbers: Between,
) -> AsyncIterator[Document]:
    """The journal's documents with these numbers, in order."""
    after: str | None = None
    where: Where = {"place": partition_id, "k": numbers}
    while True:
        page = await store.find(collections.journal, where, order="k", after=after, limit=20)
        for document in page.documents:
            yield document
        after = page.next
        if after is None:
            return
