"""Buckets and groups of a query: what cells add up to in each, and which of them get a figure."""
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from chassis.projections import Membership
from services.kpi.definitions import CURRENCY, CompiledMeasure
from services.kpi.queries.periods import Period
from services.kpi.queries.reference_data import BY_PRODUCT, BY_REP

LabelGroup = tuple[str | None, ...]
BucketGroup = tuple[int, LabelGroup]
"""Index in the list of periods, and the group's labels in the order of `by`."""
BucketsOf = Callable[[date | None], Sequence[int]]
"""Day -> indices of the periods in which it counts."""


@dataclass(slots=True)
class BucketTotals:
    """What the cells of one bucket and group add up to."""

    n: int = 0
    sum: int = 0
    hist: Counter[int] = field(default_factory=Counter)
    members: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Slice:
    """Groups by these dimensions; only cells that meet `where` (any of the labels of each dimension)."""

    by: tuple[str, ...]
    where: Mapping[str, frozenset[str | None]]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.by) | frozenset(self.where)


def queryable_dimensions(measure: CompiledMeasure) -> tuple[str, ...]:
    """Dimensions that `by` and `where` may name."""
    names = list(measure.dimensions)
    if "rep" in names:
        names += [n for n in BY_REP if n not in names]
    if "product" in names:
        names += [n for n in BY_PRODUCT if n not in names]
    return (*names, *((CURRENCY,) if measure.by_currency else ()))


def buckets_within(periods: Sequence[Period]) -> BucketsOf:
    """The periods that contain a day; periods may overlap when they are compared with each other."""
    def buckets(day: date | None) -> Sequence[int]:
        return [i for i, p in enumerate(periods) if day is not None and p.low <= day < p.high]
    return buckets


def buckets_until(periods: Sequence[Period]) -> BucketsOf:
    """The periods that end after the day; the undated counts in all of them."""
    def buckets(day: date | None) -> Sequence[int]:
        return [i for i, p in enumerate(periods) if day is None or day < p.high]
    return buckets


def figure_grid(counted: Iterable[BucketGroup], periods: Sequence[Period], slice: Slice) -> list[BucketGroup]:
    """Every period of every group that has a figure in any of them; without `by`, every period."""
    groups = {group for _, group in counted} or ({()} if not slice.by else _empty_groups(slice))
    return [(i, g) for i in range(len(periods)) for g in sorted(groups, key=_order)]


def _empty_groups(slice: Slice) -> set[LabelGroup]:
    """When nothing was counted: one group for its zero where only the currency splits, else none."""
    return {(None,)} if slice.by == (CURRENCY,) else set()


def _order(group: LabelGroup) -> tuple[tuple[bool, str], ...]:
    return tuple((label is None, label or "") for label in group)


def first_memberships(rows: Sequence[Membership]) -> list[Membership]:
    """Each member's first day over all facts; of several rows on that day, the one with the most labels."""
    first: dict[str, Membership] = {}
    for row in rows:
        if row.day is None:
            continue
        known = first.get(row.member)
        if known is None or known.day is None or (row.day, _missing(row)) < (known.day, _missing(known)):
            first[row.member] = row
    return list(first.values())


def _missing(row: Membership) -> tuple[int, str]:
    return (sum(v is None for v in row.dims.values()), repr(sorted(row.dims.items())))
