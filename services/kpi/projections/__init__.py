"""Which facts events change, and what facts count for: `projection(catalogue) -> Projection`.

Each fact kind has a module: how its events make the image, and which rows the image yields. `counting` turns rows into
contributions by the compiled measures; it knows none of them by name.
"""
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.handlers import Meta
from chassis.domain.projection import CellKey, Contribution, Image, Projection, Touch
from services.kpi.definitions import Catalogue
from services.kpi.definitions.measure import Counter
from services.kpi.projections import activities, deals, leads, reference, surveys, trade
from services.kpi.projections.contributions import count
from services.kpi.projections.rows import Clock, Row

Yields = Callable[[str, Image, Clock], Iterable[Row]]


def projection(catalogue: Catalogue) -> Projection:
    """The projection of these measures in this zone."""
    clock = Clock(catalogue.zone)
    touches = _touches(clock)
    kinds = _by_kind(catalogue, clock)

    def touch(event: Any, meta: Meta) -> Iterable[Touch]:
        return (touches[type(event)](event, meta),)

    def contributions(kind: str, image: Image) -> Iterable[Contribution]:
        found: list[Contribution] = []
        rows, lasting = 0, False
        for yields, counters in kinds.get(kind, ()):
            for row in yields(image["id"], image, clock):
                count(counters, row, found)
                rows += 1
                lasting = lasting or row.until is not None
        return merge(found) if rows > 1 or lasting else found  # one row names no cell twice

    def index(kind: str, image: Image) -> Mapping[str, Any]:
        if kind != activities.KIND:
            return {}
        day = activities.opened(image, clock)
        return {"opened": None if day is None else day.isoformat()}

    return Projection(
        name=f"kpi-{catalogue.generation}", hears=tuple(touches), touch=touch, contributions=contributions,
        fact_fields={"opened": str}, fact_indexes=(("opened",),), index=index,
    )


def _touches(clock: Clock) -> dict[type, Callable[[Any, Meta], Touch]]:
    own = {**leads.TOUCHES, **deals.touches(clock), **trade.TOUCHES, **activities.TOUCHES, **surveys.TOUCHES,
           **reference.touches(clock)}
    return {cls: _named(make) for cls, make in own.items()}


def _named(make: Callable[[Any, Meta], Touch]) -> Callable[[Any, Meta], Touch]:
    """Every image carries the id of its fact, as `id`."""

    def touch(event: Any, meta: Meta) -> Touch:
        made = make(event, meta)

        def fold(image: Image) -> Image:
            new = made.fold(image)
            return {**new, "id": made.id} if isinstance(new, dict) and new is not image else new

        return Touch(made.kind, made.id, fold)

    return touch


def _yields(catalogue: Catalogue, clock: Clock) -> dict[str, Yields]:
    around = catalogue.surroundings
    read = deals.Reader(clock)
    return {
        "lead.capture": leads.capture, "lead.conversion": leads.conversion, "lead.loss": leads.loss,
        "lead_score.qualification": leads.qualification,
        "deal.opening": lambda id, image, _: deals.opening(read(id, image)),
        "deal.closing": lambda id, image, _: deals.closing(read(id, image)),
        "deal.standing": lambda id, image, _: deals.standing(read(id, image)),
        "deal.stage_entry": lambda id, image, _: deals.stage_entries(read(id, image), around.stages),
        "deal.stage_exit": lambda id, image, _: deals.stage_exits(read(id, image)),
        "order.placing": trade.placing, "order.refund": trade.refund, "invoice.issue": trade.issue,
        "payment.receipt": trade.receipt, "activity.done": activities.done,
        "survey.invitation": surveys.invitation, "survey.answer": surveys.answer,
        "survey.score": lambda id, image, clock: surveys.score(id, image, clock, around.questions),
    }


def _by_kind(catalogue: Catalogue, clock: Clock) -> dict[str, list[tuple[Yields, tuple[Counter, ...]]]]:
    """What must be looked at when a fact of a kind has changed; rows that no measure counts are not made."""
    yields = _yields(catalogue, clock)
    made: dict[str, list[tuple[Yields, tuple[Counter, ...]]]] = {}
    for row, counters in catalogue.counters.items():
        made.setdefault(row.split(".", 1)[0], []).append((yields[row], counters))
    return made


def merge(contributions: Iterable[Contribution]) -> list[Contribution]:
    """Those of the same cell in one; what comes to nothing is left out. Values and members stay apart."""
    made: list[Contribution] = []
    sums: dict[CellKey, Contribution] = {}
    for one in contributions:
        if one.value is not None or one.member is not None:
            made.append(one)
        elif (known := sums.get(one.cell)) is None:
            sums[one.cell] = one
        else:
            sums[one.cell] = Contribution(one.cell, known.n + one.n, known.sum + one.sum)
    made += [one for one in sums.values() if one.n or one.sum]
    return made


HEARS: tuple[type, ...] = tuple(_touches(Clock(ZoneInfo("UTC"))))
"""Every event class that changes a fact."""
