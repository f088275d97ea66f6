"""Fact audit: proves that the cells hold the contributions of all facts, computed again from the facts' images.

Facts that the last journal record names are taken from the record, whether or not it is applied everywhere. A partition
that gets another record meanwhile stays undecided.
"""
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b

from chassis.domain.projection import Projection
from chassis.ports import Store
from chassis.projections.cell_audit import (
    AuditResult,
    Mismatch,
    all_documents,
    journal_partitions,
    last_record_number,
    writer_of,
)
from chassis.projections.documents import (
    CellTotal,
    ContributionEncoder,
    Fact,
    JournalRecord,
    ProjectionCollections,
    StoredContribution,
    decode_fact,
    decode_record,
    decode_row,
    decode_total,
)
from chassis.projections.writer import add_totals, merge_deltas

_NO_SIGNALS = Projection.__dataclass_fields__["signals"].default

LastRecords = Mapping[str, JournalRecord | None]
"""{partition id: last record of its journal}"""


class _Fingerprints:
    """{partition id: {measure: [n, sum, memberships, fingerprint]}}; equal sums in other cells differ in the last."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[int]]] = {}

    def of(self, partition_id: str) -> dict[str, list[int]]:
        return self._values.setdefault(partition_id, {})

    def add_cell(
        self, partition_id: str, measure: str, day: str, dims: str, n: int, total: int, hist: Mapping[int, int] | None,
    ) -> None:
        values, mark = self._of_measure(partition_id, measure), _mark(measure, day, dims)
        values[0] += n
        values[1] += total
        values[3] += mark * n + (mark ^ 0x5555) * total
        for value, count in (hist or {}).items():
            values[3] += _mark(measure, day, f"{dims}|{value}") * count

    def add_member(self, partition_id: str, measure: str, day: str, dims: str, member: str, n: int) -> None:
        values = self._of_measure(partition_id, measure)
        values[2] += n
        values[3] += _mark(measure, day, f"{dims}|{member}") * n

    def _of_measure(self, partition_id: str, measure: str) -> list[int]:
        return self.of(partition_id).setdefault(measure, [0, 0, 0, 0])


@lru_cache(maxsize=200_000)
def _mark(*names: str) -> int:
    """A weight per cell, so that the weighted sum distinguishes cells whose sums are equal."""
    return int.from_bytes(blake2b("\0".join(names).encode(), digest_size=7).digest(), "big")


async def audit_facts(store: Store, collections: ProjectionCollections, projection: Projection) -> AuditResult:
    """Computes the contributions of every fact again. A projection with signals has figures without a fact: then only
    each fact is compared with its own image."""
    last_records = {
        partition_id: await _last_record(store, collections, partition_id)
        for partition_id in await journal_partitions(store, collections)}
    newer = {key: (r.k, body) for r in last_records.values() if r is not None for key, body in r.images.items()}
    result, computed, encoder = AuditResult(), _Fingerprints(), ContributionEncoder()
    async for document in all_documents(store, collections.facts, collections.generation):
        image = newer.pop(document.id, None)
        fact = decode_fact(image[1] if image is not None and image[0] > document.version else document.body)
        _add_fact(collections, projection, encoder, fact, result, computed)
    for _, body in newer.values():
        _add_fact(collections, projection, encoder, decode_fact(body), result, computed)
    if projection.signals is not _NO_SIGNALS:
        return result
    stored = await _fingerprints_of_cells(store, collections, last_records)
    for partition_id, last in last_records.items():
        k = await last_record_number(store, collections, partition_id)
        if last is None or k != last.k:
            result.undecided.append(partition_id)
        else:
            result.mismatches += _differences(partition_id, computed.of(partition_id), stored.of(partition_id))
    return result


def _add_fact(
    collections: ProjectionCollections, projection: Projection, encoder: ContributionEncoder, fact: Fact,
    result: AuditResult, computed: _Fingerprints,
) -> None:
    result.compared += 1
    partition_id, name = f"{collections.generation}|{fact.topic}|{fact.partition}", f"{fact.kind} {fact.id}"
    try:
        contributions = (
            [] if fact.image is None else encoder.encode(projection.contributions(fact.kind, fact.image)))
    except Exception:  # it was counted once, so its contributions must be computable
        result.mismatches.append(Mismatch(partition_id, "fact", name, (), _sums_of(fact.contributions)))
        return
    if sorted(map(repr, contributions)) != sorted(map(repr, map(tuple, fact.contributions))):
        result.mismatches.append(
            Mismatch(partition_id, "fact", name, _sums_of(contributions), _sums_of(fact.contributions)))
    for measure, day, dims, n, total, value, member in contributions:
        computed.add_cell(partition_id, measure, day, dims, n, total, {value: 1} if value is not None else None)
        if member is not None:
            computed.add_member(partition_id, measure, day, dims, member, 1)


def _sums_of(contributions: Iterable[StoredContribution]) -> tuple[int, ...]:
    """n, sum, memberships."""
    found = list(contributions)
    return sum(c[3] for c in found), sum(c[4] for c in found), sum(c[6] is not None for c in found)


async def _fingerprints_of_cells(
    store: Store, collections: ProjectionCollections, last_records: LastRecords,
) -> _Fingerprints:
    """Of the cells per day as the last record of each partition leaves them, applied everywhere or not."""
    generation, stored = collections.generation, _Fingerprints()
    cells = _cells_of(collections, last_records)
    async for document in all_documents(store, collections.cells, generation):
        if document.index["grain"] != collections.grains[0]:
            continue
        index, total = document.index, decode_total(document.body)
        late = cells.pop(document.id, None)
        if late is not None and late[0] > document.version:
            total = add_totals(total, late[2])
        stored.add_cell(
            f"{generation}|{index['writer']}", str(index["measure"]), str(index["day"]), str(index["dims"]), total.n,
            total.sum, total.hist)
    for _, (partition_id, measure, day, dims), total in cells.values():
        stored.add_cell(partition_id, measure, day, dims, total.n, total.sum, total.hist)
    members = _members_of(collections, last_records)
    async for document in all_documents(store, collections.members, generation):
        index, n = document.index, decode_row(document.body).n
        added = members.pop(document.id, None)
        if added is not None and added[0] > document.version:
            n += added[2]
        stored.add_member(
            f"{generation}|{index['writer']}", str(index["measure"]), str(index["day"]), str(index["dims"]),
            str(index["member"]), n)
    for _, (partition_id, measure, day, dims, member), n in members.values():
        stored.add_member(partition_id, measure, day, dims, member, n)
    return stored


def _cells_of(
    collections: ProjectionCollections, last_records: LastRecords,
) -> dict[str, tuple[int, tuple[str, str, str, str], CellTotal]]:
    """{id of a cell per day: (record, (partition id, measure, day, dims), what the record adds)}."""
    cells = {}
    for partition_id, record in last_records.items():
        if record is None:
            continue
        writer = writer_of(collections, partition_id)
        for key, total in merge_deltas(record.deltas, collections.grains[:1]).items():
            measure, _, day, dims = key
            id = f"{collections.generation}|{'|'.join(key)}|{writer}"
            cells[id] = (record.k, (partition_id, measure, day, dims), total)
    return cells


def _members_of(
    collections: ProjectionCollections, last_records: LastRecords,
) -> dict[str, tuple[int, tuple[str, str, str, str, str], int]]:
    """{id of a membership row: (record, (partition id, measure, day, dims, member), what the record adds)}."""
    members = {}
    for partition_id, record in last_records.items():
        if record is None:
            continue
        writer = writer_of(collections, partition_id)
        for measure, day, dims, member, n in record.members:
            id = f"{collections.generation}|{measure}|{day}|{dims}|{member}|{writer}"
            members[id] = (record.k, (partition_id, measure, day, dims, member), n)
    return members


def _differences(
    partition_id: str, computed: Mapping[str, list[int]], stored: Mapping[str, list[int]],
) -> list[Mismatch]:
    zero = [0, 0, 0, 0]
    return [
        Mismatch(partition_id, "facts", measure, tuple(computed.get(measure, zero)), tuple(stored.get(measure, zero)))
        for measure in sorted({*computed, *stored}) if computed.get(measure, zero) != stored.get(measure, zero)]


async def _last_record(store: Store, collections: ProjectionCollections, partition_id: str) -> JournalRecord | None:
    page = await store.find(collections.journal, {"place": partition_id}, order="k", descending=True, limit=1)
    return decode_record(page.documents[0].body) if page.documents else None
