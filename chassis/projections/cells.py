"""The reading face of a projector's documents: figures merged over writers, members, and the facts behind them."""
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import msgspec

from chassis.domain.projection import CellKey, Contribution
from chassis.ports import Between, Document, Store, TopicPartition, Where
from chassis.projections.documents import ProjectionCollections, Share, Total, decode_fact, decode_total
from chassis.projections.writer import added

PAGE = 500

Dims = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """`day` is the first of the month in the month grain, None for the undated. `hist`: {value: count}."""

    day: date | None
    dims: Dims
    n: int
    sum: int
    hist: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """`n` contributions on that day, with those dimensions, name the member; always more than 0."""

    day: date | None
    dims: Dims
    member: str
    n: int


@dataclass(frozen=True, slots=True)
class KeptFact:
    """A fact as it is at present, what it counts for, and the place whose events change it."""

    kind: str
    id: str
    image: Any
    contributions: tuple[Contribution, ...]
    place: TopicPartition


class FactPage(NamedTuple):
    items: tuple[KeptFact, ...]
    next: str | None


class Cells:
    """Reads what the projector of a service keeps. Days are half open: from `low` to before `high`; None is open."""

    def __init__(self, store: Store, service: str, generation: str = "g1") -> None:
        self._store, self._layout = store, ProjectionCollections(service, generation, ())

    async def read(self, measure: str, low: date | None, high: date | None, grain: str = "day") -> list[Cell]:
        """Dated cells in order of days. In the month grain `low` and `high` are firsts of months."""
        return await self._cells(
            {"gen": self._layout.generation, "measure": measure, "grain": grain, "day": _days(low, high)})

    async def undated(self, measure: str) -> list[Cell]:
        """What is counted without a day."""
        return await self._cells(
            {"gen": self._layout.generation, "measure": measure, "grain": "day", "day": ""})

    async def members(self, measure: str, low: date | None, high: date | None) -> list[Member]:
        """Dated memberships in order of days; the same member may stand in many."""
        return await self._members(measure, _days(low, high))

    async def undated_members(self, measure: str) -> list[Member]:
        return await self._members(measure, "")

    async def fact(self, kind: str, id: str) -> KeptFact | None:
        key = self._layout.fact(kind, id)
        found = await self._store.load(self._layout.facts, [key])
        return _kept(found[key]) if key in found else None

    async def facts(
        self, kind: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> FactPage:
        """Facts of a kind that meet conditions on the projection's `fact_fields`."""
        page = await self._store.find(
            self._layout.facts, {**where, "gen_": self._layout.generation, "kind": kind},
            order=order, descending=descending, after=after, limit=limit)
        return FactPage(tuple(_kept(document) for document in page.documents), page.next)

    async def facts_below(self, kind: str, prefix: str, *, after: str | None = None, limit: int = 100) -> FactPage:
        """Facts of a kind whose ids begin with the prefix, by id; `after` is the id of the last one."""
        last = self._layout.fact(kind, after) if after else ""
        keys = await self._store.ids(
            self._layout.facts, prefix=self._layout.fact(kind, prefix), after=last, limit=limit)
        found = await self._store.load(self._layout.facts, keys)
        items = tuple(_kept(found[key]) for key in keys if key in found)
        return FactPage(items, items[-1].id if len(keys) == limit and items else None)

    async def _cells(self, where: Where) -> list[Cell]:
        totals: dict[tuple[str, str], Total] = {}
        async for document in self._all(self._layout.cells, where):
            total = decode_total(document.body)
            key = (str(document.index["day"]), str(document.index["dims"]))
            totals[key] = added(totals[key], total) if key in totals else total
        return [
            Cell(_day(day), msgspec.json.decode(dims), total.n, total.sum, total.hist or {})
            for (day, dims), total in sorted(totals.items(), key=lambda item: item[0])
        ]

    async def _members(self, measure: str, days: Between | str) -> list[Member]:
        rows: dict[tuple[str, str, str], int] = {}
        where: Where = {"gen": self._layout.generation, "measure": measure, "day": days}
        async for document in self._all(self._layout.members, where):
            index = document.index
            key = (str(index["day"]), str(index["dims"]), str(index["member"]))
            rows[key] = rows.get(key, 0) + int(index["n"] or 0)
        return [
            Member(_day(day), msgspec.json.decode(dims), member, n)
            for (day, dims, member), n in sorted(rows.items()) if n > 0
        ]

    async def _all(self, collection: str, where: Where) -> AsyncIterator[Document]:
        after = None
        while True:
            page = await self._store.find(collection, where, order="day", after=after, limit=PAGE)
            for document in page.documents:
                yield document
            after = page.next
            if after is None:
                return


def _days(low: date | None, high: date | None) -> Between:
    """The undated ("") are before every day."""
    return Between(low.isoformat() if low else "0", high.isoformat() if high else None)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _kept(document: Document) -> KeptFact:
    fact = decode_fact(document.body)
    return KeptFact(
        fact.kind, fact.id, fact.image, tuple(_contribution(share) for share in fact.shares),
        TopicPartition(fact.topic, fact.partition))


def _contribution(share: Share) -> Contribution:
    measure, day, dims, n, total, value, member = share
    return Contribution(
        CellKey(measure, _day(day), tuple(sorted(msgspec.json.decode(dims).items()))), n, total, value, member)
