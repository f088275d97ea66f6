"""Proving that the facts count for what the cells hold: every contribution computed again from the facts' images.

What the last journal record names is taken from there, whether or not it is put everywhere. A place to which another
record comes meanwhile stays undecided this time.
"""
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from chassis.domain.projection import Projection
from chassis.ports import Store
from chassis.projections.cell_audit import Audited, Mismatch, every, last_number, places_of, writer_of
from chassis.projections.documents import (
    JournalRecord,
    Fact,
    ProjectionCollections,
    Share,
    Total,
    Writer,
    decode_entry,
    decode_fact,
    decode_row,
    decode_total,
)
from chassis.projections.writer import added, merged

_NO_SIGNALS = Projection.__dataclass_fields__["signals"].default

Prints = dict[str, dict[str, list[int]]]
"""{place: {measure: [n, sum, memberships, print]}}"""


async def audit_facts(store: Store, layout: ProjectionCollections, projection: Projection) -> Audited:
    """Computes again what every fact counts for. A projection with signals has figures that no fact tells of: then
    only each fact is compared with its own image."""
    lasts = {place: await _last_entry(store, layout, place) for place in await places_of(store, layout)}
    ahead = _ahead(lasts)
    made, counted, writer = Audited(), Prints(), Writer()
    async for document in every(store, layout.facts, layout.generation):
        newer = ahead.get(document.id)
        fact = decode_fact(newer[1] if newer is not None and newer[0] > document.version else document.body)
        ahead.pop(document.id, None)
        _count_fact(layout, projection, writer, fact, made, counted)
    for _, body in ahead.values():
        _count_fact(layout, projection, writer, decode_fact(body), made, counted)
    if projection.signals is not _NO_SIGNALS:
        return made
    kept = await _prints_of_cells(store, layout, lasts)
    for place, last in lasts.items():
        now = await last_number(store, layout, place)
        if last is None or now != last.k:
            made.undecided.append(place)
        else:
            made.mismatches += _unlike(place, counted.get(place, {}), kept.get(place, {}))
    return made


def _count_fact(
    layout: ProjectionCollections, projection: Projection, writer: Writer, fact: Fact, made: Audited, counted: Prints,
) -> None:
    made.compared += 1
    place = f"{layout.generation}|{fact.topic}|{fact.partition}"
    try:
        shares = [] if fact.image is None else writer.shares(projection.contributions(fact.kind, fact.image))
    except Exception:  # it was counted once, so what is kept must be countable
        made.mismatches.append(Mismatch(place, "fact", f"{fact.kind} {fact.id}", (), _summed(fact.shares)))
        return
    if sorted(map(repr, shares)) != sorted(map(repr, map(tuple, fact.shares))):
        computed, kept = _summed(shares), _summed(fact.shares)
        made.mismatches.append(Mismatch(place, "fact", f"{fact.kind} {fact.id}", computed, kept))
    for measure, day, dims, n, total, value, member in shares:
        _print(counted, place, measure, day, dims, n, total, {value: 1} if value is not None else None)
        if member is not None:
            _print_member(counted, place, measure, day, dims, member, 1)


def _summed(shares: Iterable[Share]) -> tuple[int, ...]:
    found = list(shares)
    return sum(s[3] for s in found), sum(s[4] for s in found), sum(s[6] is not None for s in found)


async def _prints_of_cells(store: Store, layout: ProjectionCollections, lasts: dict[str, JournalRecord | None]) -> Prints:
    """Of the cells per day, as the last record of each place leaves them, whether or not it is put everywhere."""
    cells, members = _owed(layout, lasts)
    made = Prints()
    async for document in every(store, layout.cells, layout.generation):
        if document.index["grain"] != layout.grains[0]:
            continue
        index, total = document.index, decode_total(document.body)
        owed = cells.pop(document.id, None)
        if owed is not None and owed[0] > document.version:
            total = added(total, owed[2])
        place, measure = f"{layout.generation}|{index['writer']}", str(index["measure"])
        _print(made, place, measure, str(index["day"]), str(index["dims"]), total.n, total.sum, total.hist)
    for _, (place, measure, day, dims), total in cells.values():
        _print(made, place, measure, day, dims, total.n, total.sum, total.hist)
    async for document in every(store, layout.members, layout.generation):
        index, n = document.index, decode_row(document.body).n
        late = members.pop(document.id, None)
        if late is not None and late[0] > document.version:
            n += late[2]
        place = f"{layout.generation}|{index['writer']}"
        _print_member(
            made, place, str(index["measure"]), str(index["day"]), str(index["dims"]), str(index["member"]), n)
    for _, (place, measure, day, dims, member), n in members.values():
        _print_member(made, place, measure, day, dims, member, n)
    return made


def _ahead(lasts: dict[str, JournalRecord | None]) -> dict[str, tuple[int, bytes]]:
    """Images that the last records name: their facts may not be put yet."""
    return {key: (e.k, body) for e in lasts.values() if e is not None for key, body in e.images.items()}


def _owed(layout: ProjectionCollections, lasts: dict[str, JournalRecord | None]) -> tuple[dict[str, Any], dict[str, Any]]:
    """{id of the document: (record, (place, …), what it adds)} of cells per day and of memberships."""
    cells: dict[str, tuple[int, tuple[str, ...], Total]] = {}
    members: dict[str, tuple[int, tuple[str, ...], int]] = {}
    for place, entry in lasts.items():
        if entry is None:
            continue
        writer = writer_of(layout, place)
        for key, total in merged(entry.deltas, layout.grains[:1]).items():
            measure, _, day, dims = key
            cells[f"{layout.generation}|{'|'.join(key)}|{writer}"] = (entry.k, (place, measure, day, dims), total)
        for row in entry.members:
            members[f"{layout.generation}|{'|'.join(row[:4])}|{writer}"] = (entry.k, (place, *row[:4]), row[4])
    return cells, members


def _unlike(place: str, counted: dict[str, list[int]], kept: dict[str, list[int]]) -> list[Mismatch]:
    zero = [0, 0, 0, 0]
    return [
        Mismatch(place, "facts", measure, tuple(counted.get(measure, zero)), tuple(kept.get(measure, zero)))
        for measure in sorted({*counted, *kept}) if counted.get(measure, zero) != kept.get(measure, zero)]


def _print(
    prints: Prints, place: str, measure: str, day: str, dims: str, n: int, total: int, hist: dict[int, int] | None,
) -> None:
    values = prints.setdefault(place, {}).setdefault(measure, [0, 0, 0, 0])
    mark = _mark(measure, day, dims)
    values[0] += n
    values[1] += total
    values[3] += mark * n + (mark ^ 0x5555) * total
    for value, count in (hist or {}).items():
        values[3] += _mark(measure, day, f"{dims}|{value}") * count


def _print_member(prints: Prints, place: str, measure: str, day: str, dims: str, member: str, n: int) -> None:
    values = prints.setdefault(place, {}).setdefault(measure, [0, 0, 0, 0])
    values[2] += n
    values[3] += _mark(measure, day, f"{dims}|{member}") * n


@lru_cache(maxsize=200_000)
def _mark(*names: str) -> int:
    """Multiplied with what a cell holds and summed up, it tells cells apart whose sums are the same."""
    return int.from_bytes(blake2b("\0".join(names).encode(), digest_size=7).digest(), "big")


async def _last_entry(store: Store, layout: ProjectionCollections, place: str) -> JournalRecord | None:
    page = await store.find(layout.journal, {"place": place}, order="k", descending=True, limit=1)
    return decode_entry(page.documents[0].body) if page.documents else None
