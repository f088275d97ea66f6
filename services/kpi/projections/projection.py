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
        result: list[FactContribution] = []
        rows, lasting = 0, False
        for read, functions in kinds.get(kind, ()):
            fact = read(image["id"], image, context)
            for make, counters in functions:
                for row in make(fact):
                    add_contributions(counters, row, result)
                    rows += 1
                    lasting = lasting or row.until is not None
        return merge(result) if rows > 1 or lasting else result  # one row names no cell twice

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
    functions: dict[str, dict[Callable[..., Any], RowFunctions]] = {}
    for name, counters in catalogue.counters.items():
        row_type = facts.rows[name]
        functions.setdefault(row_type.source.fact, {}).setdefault(row_type.read, []).append((row_type.make, counters))
    return {kind: list(by_read.items()) for kind, by_read in functions.items()}


def merge(contributions: Iterable[FactContribution]) -> list[FactContribution]:
    """Adds up contributions to the same cell and leaves out zeros. Those with a value or a member are not merged."""
    merged: list[FactContribution] = []
    sums: dict[CellKey, FactContribution] = {}
    for contribution in contributions:
        if contribution.value is not None or contribution.member is not None:
            merged.append(contribution)
        elif (known := sums.get(contribution.cell)) is None:
            sums[contribution.cell] = contribution
        else:
            sums[contribution.cell] = FactContribution(
                contribution.cell, known.n + contribution.n, known.sum + contribution.sum)
    merged += [total for total in sums.values() if total.n or total.sum]
    return merged
