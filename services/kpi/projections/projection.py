"""Makes the `Projection` of a catalogue: events change facts, changed facts contribute to the measures' cells."""
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import CellKey, FactContribution, Image, Projection, Touch
from services.kpi.definitions import Catalogue, MeasureCounter
from services.kpi.definitions.rows import FactRow
from services.kpi.projections import activities
from services.kpi.projections.contributions import add_contributions
from services.kpi.projections.registry import EventHandler, FactRegistry
from services.kpi.projections.rows import FactContext, LocalDays

RowFunctions = list[tuple[Callable[[Any], Iterable[FactRow]], tuple[MeasureCounter, ...]]]


def make_projection(catalogue: Catalogue, facts: FactRegistry) -> Projection:
    """The projection of these measures in the company's zone."""
    context = FactContext(LocalDays(catalogue.zone), catalogue.related)
    handlers = {cls: _with_id(handler) for cls, handler in facts.handlers(context).items()}
    kinds = _by_kind(catalogue, facts)

    def touch(event: Any, meta: Meta) -> Iterable[Touch]:
        return (handlers[type(event)](event, meta),)

    def contributions(kind: str, image: Image) -> Iterable[FactContribution]:
        found: list[FactContribution] = []
        rows, lasting = 0, False
        for read, functions in kinds.get(kind, ()):
            fact = read(image["id"], image, context)
            for make, counters in functions:
                for row in make(fact):
                    add_contributions(counters, row, found)
                    rows += 1
                    lasting = lasting or row.until is not None
        return merge(found) if rows > 1 or lasting else found  # one row names no cell twice

    def index(kind: str, image: Image) -> Mapping[str, Any]:
        if kind != activities.KIND:
            return {}
        day = activities.opened(image, context)
        return {"opened": None if day is None else day.isoformat()}

    return Projection(
        name=f"kpi-{catalogue.generation}", consumes=tuple(handlers), touch=touch, contributions=contributions,
        fact_fields={"opened": str}, fact_indexes=(("opened",),), index=index,
    )


def _with_id(handler: EventHandler) -> EventHandler:
    """Every image carries the id of its fact, as `id`."""

    def touch(event: Any, meta: Meta) -> Touch:
        plain = handler(event, meta)

        def fold(image: Image) -> Image:
            new = plain.fold(image)
            return {**new, "id": plain.id} if isinstance(new, dict) and new is not image else new

        return Touch(plain.kind, plain.id, fold)

    return touch


def _by_kind(catalogue: Catalogue, facts: FactRegistry) -> dict[str, list[tuple[Callable[..., Any], RowFunctions]]]:
    """Fact kind -> how its image is read -> row functions and what they feed. Rows that no measure counts are left
    out."""
    found: dict[str, dict[Callable[..., Any], RowFunctions]] = {}
    for name, counters in catalogue.counters.items():
        t = facts.rows[name]
        found.setdefault(t.source.fact, {}).setdefault(t.read, []).append((t.make, counters))
    return {kind: list(by_read.items()) for kind, by_read in found.items()}


def merge(contributions: Iterable[FactContribution]) -> list[FactContribution]:
    """Adds up those of the same cell and leaves out what comes to nothing. Values and members stay apart."""
    merged: list[FactContribution] = []
    sums: dict[CellKey, FactContribution] = {}
    for one in contributions:
        if one.value is not None or one.member is not None:
            merged.append(one)
        elif (known := sums.get(one.cell)) is None:
            sums[one.cell] = one
        else:
            sums[one.cell] = FactContribution(one.cell, known.n + one.n, known.sum + one.sum)
    merged += [one for one in sums.values() if one.n or one.sum]
    return merged
