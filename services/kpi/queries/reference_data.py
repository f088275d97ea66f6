"""Reference data of figures: team, region, manager of a rep as of a cell's day; category, series of a product today."""
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chassis.projections import CellReader, StoredFact

BY_REP = ("team", "region", "department", "manager")
BY_PRODUCT = ("category", "series")
Labels = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class AssignmentHistory:
    """The dated assignments of one rep: `values[i]` holds from ISO day `days[i]` on."""

    days: tuple[str, ...]
    values: tuple[Mapping[str, Any], ...]

    def on(self, day: date | None) -> Mapping[str, Any]:
        """Without a day: the latest."""
        if not self.days:
            return {}
        at = len(self.days) if day is None else bisect_right(self.days, day.isoformat())
        return self.values[at - 1] if at else {}


@dataclass(frozen=True, slots=True)
class ReferenceData:
    assignments: Mapping[str, AssignmentHistory] = field(default_factory=dict)  # by rep
    products: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def label(self, dimension: str, labels: Labels, day: date | None) -> str | None:
        """The cell's own label; when it has none, that of its rep on the day, or of its product."""
        own = labels.get(dimension)
        if own is not None:
            return own
        if dimension in BY_REP:
            history = self.assignments.get(labels.get("rep") or "")
            return history.on(day).get(dimension) if history else None
        if dimension in BY_PRODUCT:
            return self.products.get(labels.get("product") or "", {}).get(dimension)
        return None


async def read_reference_data(cells: CellReader) -> ReferenceData:
    assignments = {f.id: _history(f.image) for f in await _all(cells, "employee")}
    products = {f.id: f.image["said"][1] for f in await _all(cells, "product")}
    return ReferenceData(assignments, products)


def _history(image: Any) -> AssignmentHistory:
    dated = sorted(image["assignments"].items())
    return AssignmentHistory(
        tuple(day for day, _ in dated), tuple({} if values.get("left") else values for _, (_, values) in dated))


async def _all(cells: CellReader, kind: str) -> list[StoredFact]:
    facts: list[StoredFact] = []
    after: str | None = None
    while True:
        page = await cells.facts_by_prefix(kind, "", after=after, limit=500)
        facts += [f for f in page.items if f.image]
        if page.next is None:
            return facts
        after = page.next
