"""Folds events into facts and their contributions into cells in memory, as a projector does, without I/O."""
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from chassis.domain.definitions import Definitions, read_directory
from chassis.domain.handlers import Meta
from chassis.domain.projection import CellKey, FactContribution, Projection, Rejected
from services.kpi.definitions import Catalogue
from services.kpi.definitions.catalogue_compiler import compile_catalogue
from services.kpi.projections import check_rows, make_projection
from services.kpi.service import FACTS

ROOT = Path(__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")


def compiled(definitions: Definitions, zone: ZoneInfo = BERLIN) -> Catalogue:
    return compile_catalogue(definitions, zone, check_rows(FACTS))


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Of the shipped definitions."""
    return compiled(read_directory(ROOT / "definitions"))


@lru_cache(maxsize=1)
def shipped_projection() -> Projection:
    return make_projection(catalogue(), FACTS)


def meta(at: datetime, id: str, source: str = "crm", sequence: int | None = None) -> Meta:
    return Meta(id=id, source=source, type="", time=at, appended_at=at, sequence=sequence)


def at(day: str, hour: int = 10) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


class MemoryFigures:
    """All facts and cells of one projection, by default that of the shipped definitions.

    `figures.given(day, event, ...)`: events that are accepted on that day; `figures.when(day, event)`: the code of the
    rejection, or None. Then `n`, `sum`, `values` and `members` give what a measure has counted, narrowed by labels and
    by `on`, a day.
    """

    def __init__(self, projection: Projection | None = None) -> None:
        self.projection = projection or shipped_projection()
        self.applied = 0
        self.images: dict[tuple[str, str], Any] = {}
        self._cells: dict[CellKey, list[int]] = {}
        self._values: dict[CellKey, Counter[int]] = {}
        self._members: dict[CellKey, Counter[str]] = {}

    def given(self, day: str, *events: Any, sequence: int | None = None) -> None:
        for event in events:
            assert self.when(day, event, sequence=sequence) is None

    def when(self, day: str, event: Any, *, sequence: int | None = None) -> str | None:
        self.applied += 1
        return self.apply(event, meta(at(day), f"e{self.applied}", sequence=sequence))

    def apply(self, event: Any, meta: Meta) -> str | None:
        for touch in self.projection.touch(event, meta):
            key = (touch.kind, touch.id)
            old = self.images.get(key)
            before = msgspec.msgpack.encode(old)
            new = touch.fold(msgspec.msgpack.decode(before))
            if isinstance(new, Rejected):
                return new.code
            assert msgspec.msgpack.encode(old) == before, "an image is never changed in place"
            self._add(touch.kind, old, -1)
            self._add(touch.kind, new, 1)
            self.images[key] = new
        return None

    def _add(self, kind: str, image: Any, sign: int) -> None:
        for c in self.projection.contributions(kind, image) if image is not None else ():
            self._count(c, sign)

    def _count(self, c: FactContribution, sign: int) -> None:
        cell = self._cells.setdefault(c.cell, [0, 0])
        cell[0] += sign * c.n
        cell[1] += sign * c.sum
        if c.value is not None:
            self._values.setdefault(c.cell, Counter())[c.value] += sign
        if c.member is not None:
            self._members.setdefault(c.cell, Counter())[c.member] += sign

    # --- reading ---

    def _of(self, measure: str, cells: Iterable[CellKey], labels: dict[str, str | None]) -> Iterable[CellKey]:
        day = labels.pop("on", None)
        for cell in cells:
            have = dict(cell.dimensions)
            if cell.measure == measure and all(have.get(k) == v for k, v in labels.items()) \
                    and (day is None or str(cell.day) == day):
                yield cell

    def cells(self, measure: str) -> dict[CellKey, list[int]]:
        return {c: v for c, v in self._cells.items() if c.measure == measure and any(v)}

    def n(self, measure: str, **labels: str | None) -> int:
        return sum(self._cells[c][0] for c in self._of(measure, self._cells, labels))

    def sum(self, measure: str, **labels: str | None) -> int:
        return sum(self._cells[c][1] for c in self._of(measure, self._cells, labels))

    def values(self, measure: str, **labels: str | None) -> list[int]:
        return sorted(v for c in self._of(measure, self._values, labels) for v in self._values[c].elements())

    def members(self, measure: str, **labels: str | None) -> set[str]:
        return {m for c in self._of(measure, self._members, labels) for m, n in self._members[c].items() if n}

    def everything(self) -> Any:
        """All that is counted, for comparing."""
        return (
            {c: tuple(v) for c, v in self._cells.items() if any(v)},
            {c: {k: n for k, n in v.items() if n} for c, v in self._values.items() if any(v.values())},
            {c: {k: n for k, n in v.items() if n} for c, v in self._members.items() if any(v.values())},
        )
