"""What a cell's rep and product stand for: team, region, manager as of the cell's day; category, series at present."""
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chassis.projections import Cells

BY_REP = ("team", "region", "department", "manager")
BY_PRODUCT = ("category", "series")
Labels = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Career:
    """The dated assignments of one rep."""

    days: tuple[str, ...]
    places: tuple[Mapping[str, Any], ...]

    def on(self, day: date | None) -> Mapping[str, Any]:
        """Without a day: the latest."""
        if not self.days:
            return {}
        at = len(self.days) if day is None else bisect_right(self.days, day.isoformat())
        return self.places[at - 1] if at else {}


@dataclass(frozen=True, slots=True)
class Organisation:
    careers: Mapping[str, Career] = field(default_factory=dict)
    products: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def label(self, name: str, labels: Labels, day: date | None) -> str | None:
        """The cell's own label wins; what it lacks is looked up from its rep or its product."""
        own = labels.get(name)
        if own is not None:
            return own
        if name in BY_REP:
            career = self.careers.get(labels.get("rep") or "")
            return career.on(day).get(name) if career else None
        if name in BY_PRODUCT:
            return self.products.get(labels.get("product") or "", {}).get(name)
        return None


async def read_organisation(cells: Cells) -> Organisation:
    careers = {f.id: _career(f.image) for f in await _all(cells, "employee")}
    products = {f.id: f.image["said"][1] for f in await _all(cells, "product")}
    return Organisation(careers, products)


def _career(image: Any) -> Career:
    dated = sorted(image["assignments"].items())
    return Career(tuple(day for day, _ in dated), tuple({} if said.get("left") else said for _, (_, said) in dated))


async def _all(cells: Cells, kind: str) -> list[Any]:
    found: list[Any] = []
    after: str | None = None
    while True:
        page = await cells.facts_below(kind, "", after=after, limit=500)
        found += [f for f in page.items if f.image]
        if page.next is None:
            return found
        after = page.next
