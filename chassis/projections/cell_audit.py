"""Cell audit: proves that the cells hold what the journal added, while both change.

The version of a cell is the last journal record added to it, so sums can be computed as of one record whatever was
written since. Only a partition whose records are pruned faster than they can be read stays undecided.
"""
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple

from chassis.ports import Between, Document, Store, Where
from chassis.projections.documents import ProjectionCollections, decode_row, decode_total
from chassis.projections.journal_pruning import (
    RecordSums,
    Sums,
    decode_sums,
    load_checkpoint,
    read_records,
    sum_records,
)
from chassis.projections.writer import merge_deltas
from chassis.support.cooperative import Pacer

TRIES = 3
PAGE = 500
TURN = 50  # documents, before other tasks get their turn


StoredSums = tuple[dict[str, Sums], dict[str, int]]
"""{grain: {measure: [n, sum, 0]}}, {measure: memberships}"""


class Mismatch(NamedTuple):
    """(n, sum, memberships) of a measure that should be equal in the journal and in what is stored.

    In an audit of facts, `journal` is recomputed from the facts, and a fourth number distinguishes cells with equal
    sums. A single fact whose stored contributions are not those of its image has the grain "fact".
    """

    partition: str
    grain: str
    measure: str
    journal: tuple[int, ...]
    stored: tuple[int, ...]


@dataclass(slots=True)
class AuditResult:
    """`compared`: number of partitions or facts. `undecided`: partitions that changed too fast. Records missing from a
    journal are a mismatch of the grain "records".

    `unfinished`: differences by the last record only. Its owner is writing it, or has died and the next owner writes
    it again; a difference that lasts longer is a mismatch.
    """

    compared: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    unfinished: list[Mismatch] = field(default_factory=list)


class _Gap(NamedTuple):
    """Numbers after the checkpoint (at record `k`) that are missing from the journal although later ones exist."""

    k: int
    missing: tuple[int, ...]


# --- the journal -----------------------------------------------------------------------------------------------------


async def audit_journal(store: Store, collections: ProjectionCollections) -> AuditResult:
    """Compares cells and memberships of every partition with the sums of its journal."""
    result = AuditResult()
    partitions = await journal_partitions(store, collections)
    all_stored = await _stored_sums(store, collections, {"gen": collections.generation})
    for partition_id in partitions:
        result.compared += 1
        journal, complete = await _journal_sums(store, collections, partition_id)
        stored = all_stored.get(partition_id, ({}, {}))
        if complete and not _differences(collections, partition_id, journal, *stored):
            continue
        gap: _Gap | None = None
        for _ in range(TRIES):
            before, gap = gap, await _audit_partition(store, collections, partition_id, result)
            if gap is None:
                break
            if gap == before:  # not pruned meanwhile: pruning moves the checkpoint first
                result.mismatches.append(_to_mismatch(partition_id, gap))
                break
        else:
            result.undecided.append(partition_id)
    return result


async def _audit_partition(
    store: Store, collections: ProjectionCollections, partition_id: str, result: AuditResult,
) -> _Gap | None:
    """Add the differences to `result`; or return the gap in the journal that makes them undecidable."""
    k = await last_record_number(store, collections, partition_id)
    if await _compare(store, collections, partition_id) == []:
        return None
    found = await _compare_exactly(store, collections, partition_id)
    if isinstance(found, _Gap):
        return found
    if found:
        result.mismatches += found
    else:
        remaining = await _compare(store, collections, partition_id) or []
        if k == await last_record_number(store, collections, partition_id):
            result.unfinished += remaining
    return None


async def journal_partitions(store: Store, collections: ProjectionCollections) -> list[str]:
    """Ids of the partitions that have a journal in this generation."""
    found = [str(group.by["place"]) for group in await store.count(collections.journal, {}, by=("place",))]
    return [partition_id for partition_id in found if partition_id.startswith(f"{collections.generation}|")]


async def _compare(store: Store, collections: ProjectionCollections, partition_id: str) -> list[Mismatch] | None:
    """Cheap, by sums that the store computes. Wrong while figures change, so only an empty list counts. None: records
    of the journal were missing."""
    journal, complete = await _journal_sums(store, collections, partition_id)
    where: Where = {"gen": collections.generation, "writer": writer_of(collections, partition_id)}
    stored = (await _stored_sums(store, collections, where)).get(partition_id, ({}, {}))
    return _differences(collections, partition_id, journal, *stored) if complete else None


async def _journal_sums(store: Store, collections: ProjectionCollections, partition_id: str) -> tuple[Sums, bool]:
    """Everything the journal ever added: the checkpoint and the records after it; and whether none of those was
    missing, which may be so for a moment only."""
    before = await load_checkpoint(store, collections, partition_id)
    records = await _records_after(store, collections, partition_id, before.k)
    complete = all(r.k == before.k + n for n, r in enumerate(records, start=1))
    return sum_records(before.sums, records), complete


async def _stored_sums(store: Store, collections: ProjectionCollections, where: Where) -> dict[str, StoredSums]:
    """{partition id: sums of its cells by grain and measure, and its memberships}; one pass over all partitions."""
    sums: dict[str, StoredSums] = {}
    for group in await store.count(collections.cells, where, by=("writer", "grain", "measure"), sums=("n", "sum")):
        writer, grain, measure = (str(group.by[name]) for name in ("writer", "grain", "measure"))
        cells = sums.setdefault(f"{collections.generation}|{writer}", ({}, {}))[0]
        cells.setdefault(grain, {})[measure] = [group.sums["n"], group.sums["sum"], 0]
    for group in await store.count(collections.members, where, by=("writer", "measure"), sums=("n",)):
        partition_id = f"{collections.generation}|{group.by['writer']}"
        sums.setdefault(partition_id, ({}, {}))[1][str(group.by["measure"])] = group.sums["n"]
    return sums


async def _compare_exactly(
    store: Store, collections: ProjectionCollections, partition_id: str,
) -> list[Mismatch] | _Gap:
    """As of the last record but one, which is applied everywhere. A gap: records were pruned meanwhile, or are lost."""
    as_of = await last_record_number(store, collections, partition_id) - 1
    cells: dict[str, Sums] = {}
    later: dict[str, int] = {}  # version of each document that changed after `as_of`
    members: dict[str, int] = {}
    writer = writer_of(collections, partition_id)
    async for document in all_documents(store, collections.cells, collections.generation):
        if document.index["writer"] != writer:
            continue
        total, index = decode_total(document.body), document.index
        _add(cells.setdefault(str(index["grain"]), {}), str(index["measure"]), total.n, total.sum)
        if document.version > as_of:
            later[document.id] = document.version
    async for document in all_documents(store, collections.members, collections.generation):
        if document.index["writer"] != writer:
            continue
        measure = str(document.index["measure"])
        members[measure] = members.get(measure, 0) + decode_row(document.body).n
        if document.version > as_of:
            later[document.id] = document.version
    records = await _records_after(store, collections, partition_id, 0)
    before = await load_checkpoint(store, collections, partition_id)
    if as_of < 0 or not records:
        return []
    numbers = {r.k for r in records}
    missing = [n for n in range(before.k + 1, max(as_of, before.k) + 2) if n not in numbers]
    if missing:
        return _Gap(before.k, tuple(missing))
    for record in (r for r in records if r.k > as_of):
        _subtract_record(collections, partition_id, record, later, cells, members)
    journal = sum_records(before.sums, (r for r in records if before.k < r.k <= as_of))
    return _differences(collections, partition_id, journal, cells, members)


def _subtract_record(
    collections: ProjectionCollections, partition_id: str, record: RecordSums, later: dict[str, int],
    cells: dict[str, Sums], members: dict[str, int],
) -> None:
    """Take back what a later record has added to the documents that were read."""
    writer = writer_of(collections, partition_id)
    for key, delta in merge_deltas(record.deltas, collections.grains).items():
        if later.get(f"{collections.generation}|{'|'.join(key)}|{writer}", 0) >= record.k:
            _add(cells.setdefault(key[1], {}), key[0], -delta.n, -delta.sum)
    for measure, day, dims, member, n in record.members:
        if later.get(f"{collections.generation}|{measure}|{day}|{dims}|{member}|{writer}", 0) >= record.k:
            members[measure] -= n


def _to_mismatch(partition_id: str, gap: _Gap) -> Mismatch:
    """`journal`: number of records from the first to the last missing one; `stored`: how many of them exist."""
    span = gap.missing[-1] - gap.missing[0] + 1
    numbers = ", ".join(map(str, gap.missing[:10])) + (" …" if len(gap.missing) > 10 else "")
    return Mismatch(partition_id, "records", numbers, (span,), (span - len(gap.missing),))


def _differences(
    collections: ProjectionCollections, partition_id: str, journal: Sums, cells: dict[str, Sums],
    members: dict[str, int],
) -> list[Mismatch]:
    found = []
    for grain in collections.grains:
        of_grain = cells.get(grain, {})
        for measure in sorted({*journal, *of_grain, *members}):
            n, total, _ = of_grain.get(measure, [0, 0, 0])
            expected, stored = tuple(journal.get(measure, (0, 0, 0))), (n, total, members.get(measure, 0))
            if expected != stored:
                found.append(Mismatch(partition_id, grain, measure, expected, stored))
    return found


def _add(sums: Sums, measure: str, n: int, total: int) -> None:
    values = sums.setdefault(measure, [0, 0, 0])
    values[0] += n
    values[1] += total


async def _records_after(
    store: Store, collections: ProjectionCollections, partition_id: str, k: int,
) -> list[RecordSums]:
    return [decode_sums(d.body) async for d in read_records(store, collections, partition_id, Between(k + 1, None))]


async def last_record_number(store: Store, collections: ProjectionCollections, partition_id: str) -> int:
    page = await store.find(collections.journal, {"place": partition_id}, order="k", descending=True, limit=1)
    return int(page.documents[0].index["k"] or 0) if page.documents else 0


def writer_of(collections: ProjectionCollections, partition_id: str) -> str:
    """The index value `writer` of the partition's cells: its id without the generation."""
    return partition_id.removeprefix(f"{collections.generation}|")


async def all_documents(store: Store, collection: str, generation: str) -> AsyncIterator[Document]:
    """All documents of a generation in order of ids, which begin with its name: every page costs the same."""
    after, pacer = "", Pacer()
    while ids := await store.ids(collection, prefix=f"{generation}|", after=after, limit=PAGE):
        found = await store.load(collection, ids)
        for n, id in enumerate(ids):
            if id in found:
                yield found[id]
            if n % TURN == TURN - 1:
                await pacer.turn()
        after = ids[-1]
