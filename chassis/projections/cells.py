"""Queries on a projector's documents: figures summed over all writers, members, and the facts behind them."""
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import msgspec

from chassis.domain.projection import CellKey, FactContribution
from chassis.ports import Between, Document, Store, TopicPartition, Where
from chassis.projections.documents import (
    CellTotal,
    ProjectionCollections,
    StoredContribution,
    decode_fact,
    decode_total,
)
from chassis.projections.writer import add_totals

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
class Membership:
    """A member named by `n` > 0 contributions with that day and those dimensions."""

    day: date | None
    dims: Dims
    member: str
    n: int


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact at present, its contributions, and the partition whose events change it."""

    kind: str
    id: str
    image: Any
    contributions: tuple[FactContribution, ...]
    partition: TopicPartition


class FactPage(NamedTuple):
    items: tuple[StoredFact, ...]
    next: str | None


class CellReader:
    """Reads cells, members and facts of a service. Ranges of days are half open: [low, high); None is unbounded."""

    def __init__(self, store: Store, service: str, generation: str = "g1") -> None:
        self._store, self._collections = store, ProjectionCollections(service, generation, ())

    async def read(self, measure: str, low: date | None, high: date | None, grain: str = "day") -> list[Cell]:
        """Dated cells in order of days. In the month grain `low` and `high` are first days of months."""
        return await self._cells(
            {"gen": self._collections.generation, "measure": measure, "grain": grain, "day": _days(low, high)})

    async def undated(self, measure: str) -> list[Cell]:
        """Cells without a day."""
        return await self._cells(
            {"gen": self._collections.generation, "measure": measure, "grain": "day", "day": ""})

    async def members(self, measure: str, low: date | None, high: date | None) -> list[Membership]:
        """Dated memberships in order of days; a member may have several."""
        return await self._members(measure, _days(low, high))

    async def undated_members(self, measure: str) -> list[Membership]:
        return await self._members(measure, "")

    async def fact(self, kind: str, id: str) -> StoredFact | None:
        key = self._collections.fact_id(kind, id)
        found = await self._store.load(self._collections.facts, [key])
        return _to_fact(found[key]) if key in found else None

    async def facts(
        self, kind: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> FactPage:
        """Facts of a kind that match conditions on the projection's `fact_fields`."""
        page = await self._store.find(
            self._collections.facts, {**where, "gen_": self._collections.generation, "kind": kind},
            order=order, descending=descending, after=after, limit=limit)
        return FactPage(tuple(_to_fact(document) for document in page.documents), page.next)

    async def facts_by_prefix(self, kind: str, prefix: str, *, after: str | None = None, limit: int = 100) -> FactPage:
        """Facts of a kind whose ids begin with the prefix, in order of ids; `after`: the last id of the page before."""
        last = self._collections.fact_id(kind, after) if after else ""
        keys = await self._store.ids(
            self._collections.facts, prefix=self._collections.fact_id(kind, prefix), after=last, limit=limit)
        found = await self._store.load(self._collections.facts, keys)
        items = tuple(_to_fact(found[key]) for key in keys if key in found)
        return FactPage(items, items[-1].id if len(keys) == limit and items else None)

    async def _cells(self, where: Where) -> list[Cell]:
        totals: dict[tuple[str, str], CellTotal] = {}
        async for document in self._all(self._collections.cells, where):
            total = decode_total(document.body)
            key = (str(document.index["day"]), str(document.index["dims"]))
            totals[key] = add_totals(totals[key], total) if key in totals else total
        return [
            Cell(_day(day), msgspec.json.decode(dims), total.n, total.sum, total.hist or {})
            for (day, dims), total in sorted(totals.items(), key=lambda item: item[0])
        ]

    async def _members(self, measure: str, days: Between | str) -> list[Membership]:
        rows: dict[tuple[str, str, str], int] = {}
        where: Where = {"gen": self._collections.generation, "measure": measure, "day": days}
        async for document in self._all(self._collections.members, where):
            index = document.index
            key = (str(index["day"]), str(index["dims"]), str(index["member"]))
            rows[key] = rows.get(key, 0) + int(index["n"] or 0)
        return [
            Membership(_day(day), msgspec.json.decode(dims), member, n)
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
    """Undated documents ("") sort before every day."""
    return Between(low.isoformat() if low else "0", high.isoformat() if high else None)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _to_fact(document: Document) -> StoredFact:
    fact = decode_fact(document.body)
    return StoredFact(
        fact.kind, fact.id, fact.image, tuple(map(_to_contribution, fact.contributions)),
        TopicPartition(fact.topic, fact.partition))


def _to_contribution(stored: StoredContribution) -> FactContribution:
    measure, day, dims, n, total, value, member = stored
    return FactContribution(
        CellKey(measure, _day(day), tuple(sorted(msgspec.json.decode(dims).items()))), n, total, value, member)
