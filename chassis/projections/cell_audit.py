"""Proving that the figures are what the journal says, while they move.

A cell knows by its version up to which journal record it has been added to, so sums can be told as of one record
whatever has been put since; only a place whose records are taken away faster than they can be read stays undecided.
"""
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple

from chassis.ports import Between, Document, Store, Where
from chassis.projections.documents import ProjectionCollections, decode_row, decode_total
from chassis.projections.journal_pruning import Added, Sums, added_up, checkpoint, decode_added, records_of
from chassis.projections.writer import merged
from chassis.support.cooperative import Pace

TRIES = 3
PAGE = 500
TURN = 50  # documents, before others get their turn


Kept = tuple[dict[str, Sums], dict[str, int]]
"""{grain: {measure: [n, sum, 0]}}, {measure: memberships}"""


class Mismatch(NamedTuple):
    """`journal` and `kept`: (n, sum, memberships) of a measure that ought to be equal for this writer and grain.

    Of facts: `journal` is what they count for, computed again, and a fourth number tells cells apart that add up to
    the same. A single fact whose kept contributions are not those of its image has the grain "fact".
    """

    place: str
    grain: str
    measure: str
    journal: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(slots=True)
class Audited:
    """`compared`: places or facts that were looked at. `undecided`: places that moved too fast. Records that are
    missing from a journal are a mismatch of the grain "records".

    `unfinished`: differences by the last record alone. Its owner is putting it, or has died and the next one puts it
    again; what lasts longer than that is a mismatch.
    """

    compared: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    unfinished: list[Mismatch] = field(default_factory=list)


class _Hole(NamedTuple):
    """Numbers after the checkpoint (at record `k`) that the journal does not hold, though it holds later ones."""

    k: int
    missing: tuple[int, ...]


# --- the journal -----------------------------------------------------------------------------------------------------


async def audit_journal(store: Store, layout: ProjectionCollections) -> Audited:
    """Every measure whose cells or memberships are not what the journal added up to."""
    made = Audited()
    places = await places_of(store, layout)
    all_kept = await _kept(store, layout, {"gen": layout.generation})
    for place in places:
        made.compared += 1
        said, whole = await _said(store, layout, place)
        if whole and not _differences(layout, place, said, *all_kept.get(place, ({}, {}))):
            continue
        hole: _Hole | None = None
        for _ in range(TRIES):
            before, hole = hole, await _decide(store, layout, place, made)
            if hole is None:
                break
            if hole == before:  # nobody is at it: who takes records away moves the checkpoint first
                made.mismatches.append(_of_hole(place, hole))
                break
        else:
            made.undecided.append(place)
    return made


async def _decide(store: Store, layout: ProjectionCollections, place: str, made: Audited) -> _Hole | None:
    """Put what is found into `made`; or answer the hole in the journal that kept it from being told."""
    k = await last_number(store, layout, place)
    if await _compare(store, layout, place) == []:
        return None
    found = await _compare_exactly(store, layout, place)
    if isinstance(found, _Hole):
        return found
    if found:
        made.mismatches += found
    else:
        still = await _compare(store, layout, place) or []
        if k == await last_number(store, layout, place):
            made.unfinished += still
    return None


async def places_of(store: Store, layout: ProjectionCollections) -> list[str]:
    """Those that this generation has a journal of."""
    found = [str(group.by["place"]) for group in await store.count(layout.journal, {}, by=("place",))]
    return [place for place in found if place.startswith(f"{layout.generation}|")]


async def _compare(store: Store, layout: ProjectionCollections, place: str) -> list[Mismatch] | None:
    """Cheap, by sums that the store makes; wrong while figures move, so only an empty answer counts. None: of the
    journal not all was there."""
    said, whole = await _said(store, layout, place)
    kept = await _kept(store, layout, {"gen": layout.generation, "writer": writer_of(layout, place)})
    return _differences(layout, place, said, *kept.get(place, ({}, {}))) if whole else None


async def _said(store: Store, layout: ProjectionCollections, place: str) -> tuple[Sums, bool]:
    """All that the journal ever added: the checkpoint and the records after it; and whether none of these was
    missing, which may be for the moment only."""
    before = await checkpoint(store, layout, place)
    records = await _records_after(store, layout, place, before.k)
    whole = all(r.k == before.k + n for n, r in enumerate(records, start=1))
    return added_up(before.sums, records), whole


async def _kept(store: Store, layout: ProjectionCollections, where: Where) -> dict[str, Kept]:
    """By place: sums of the cells by grain and measure, memberships by measure. One pass for all places."""
    made: dict[str, Kept] = {}
    for group in await store.count(layout.cells, where, by=("writer", "grain", "measure"), sums=("n", "sum")):
        writer, grain, measure = (str(group.by[name]) for name in ("writer", "grain", "measure"))
        cells = made.setdefault(f"{layout.generation}|{writer}", ({}, {}))[0]
        cells.setdefault(grain, {})[measure] = [group.sums["n"], group.sums["sum"], 0]
    for group in await store.count(layout.members, where, by=("writer", "measure"), sums=("n",)):
        place = f"{layout.generation}|{group.by['writer']}"
        made.setdefault(place, ({}, {}))[1][str(group.by["measure"])] = group.sums["n"]
    return made


async def _compare_exactly(store: Store, layout: ProjectionCollections, place: str) -> list[Mismatch] | _Hole:
    """As of the record before the last: that one is put everywhere. A hole: it was taken away meanwhile, or is lost."""
    asof = await last_number(store, layout, place) - 1
    kept: dict[str, Sums] = {}
    later: dict[str, int] = {}  # version of each document that went on
    members: dict[str, int] = {}
    writer = writer_of(layout, place)
    async for document in every(store, layout.cells, layout.generation):
        if document.index["writer"] != writer:
            continue
        total, index = decode_total(document.body), document.index
        _add(kept.setdefault(str(index["grain"]), {}), str(index["measure"]), total.n, total.sum)
        if document.version > asof:
            later[document.id] = document.version
    async for document in every(store, layout.members, layout.generation):
        if document.index["writer"] != writer:
            continue
        measure = str(document.index["measure"])
        members[measure] = members.get(measure, 0) + decode_row(document.body).n
        if document.version > asof:
            later[document.id] = document.version
    records = await _records_after(store, layout, place, 0)
    before = await checkpoint(store, layout, place)
    if asof < 0 or not records:
        return []
    numbers = {r.k for r in records}
    missing = [n for n in range(before.k + 1, max(asof, before.k) + 2) if n not in numbers]
    if missing:
        return _Hole(before.k, tuple(missing))
    for record in (r for r in records if r.k > asof):
        _take_back(layout, place, record, later, kept, members)
    said = added_up(before.sums, (r for r in records if before.k < r.k <= asof))
    return _differences(layout, place, said, kept, members)


def _take_back(
    layout: ProjectionCollections, place: str, record: Added, later: dict[str, int], kept: dict[str, Sums], members: dict[str, int],
) -> None:
    """What a record after the one compared has added to the documents that were read."""
    writer = writer_of(layout, place)
    for key, delta in merged(record.deltas, layout.grains).items():
        if later.get(f"{layout.generation}|{'|'.join(key)}|{writer}", 0) >= record.k:
            _add(kept.setdefault(key[1], {}), key[0], -delta.n, -delta.sum)
    for measure, day, dims, member, n in record.members:
        if later.get(f"{layout.generation}|{measure}|{day}|{dims}|{member}|{writer}", 0) >= record.k:
            members[measure] -= n


def _of_hole(place: str, hole: _Hole) -> Mismatch:
    """`journal`: how many records there ought to be from the first to the last missing one; `kept`: how many are."""
    span = hole.missing[-1] - hole.missing[0] + 1
    told = ", ".join(map(str, hole.missing[:10])) + (" …" if len(hole.missing) > 10 else "")
    return Mismatch(place, "records", told, (span,), (span - len(hole.missing),))


def _differences(
    layout: ProjectionCollections, place: str, said: Sums, kept: dict[str, Sums], members: dict[str, int],
) -> list[Mismatch]:
    found = []
    for grain in layout.grains:
        cells = kept.get(grain, {})
        for measure in sorted({*said, *cells, *members}):
            n, total, _ = cells.get(measure, [0, 0, 0])
            journal, ours = tuple(said.get(measure, (0, 0, 0))), (n, total, members.get(measure, 0))
            if journal != ours:
                found.append(Mismatch(place, grain, measure, journal, ours))
    return found


def _add(sums: Sums, measure: str, n: int, total: int) -> None:
    values = sums.setdefault(measure, [0, 0, 0])
    values[0] += n
    values[1] += total


async def _records_after(store: Store, layout: ProjectionCollections, place: str, k: int) -> list[Added]:
    return [decode_added(d.body) async for d in records_of(store, layout, place, Between(k + 1, None))]


async def last_number(store: Store, layout: ProjectionCollections, place: str) -> int:
    page = await store.find(layout.journal, {"place": place}, order="k", descending=True, limit=1)
    return int(page.documents[0].index["k"] or 0) if page.documents else 0


def writer_of(layout: ProjectionCollections, place: str) -> str:
    return place.removeprefix(f"{layout.generation}|")


async def every(store: Store, collection: str, generation: str) -> AsyncIterator[Document]:
    """All documents of a generation, in order of ids: those begin with its name, so each page costs the same."""
    after, pace = "", Pace()
    while ids := await store.ids(collection, prefix=f"{generation}|", after=after, limit=PAGE):
        found = await store.load(collection, ids)
        for n, id in enumerate(ids):
            if id in found:
                yield found[id]
            if n % TURN == TURN - 1:
                await pace.turn()
        after = ids[-1]
