"""Compiled segmentations: how customers are measured, where the cut-offs are, which scores make a segment."""
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

Cutoffs = Mapping[str, tuple[int, ...]]
"""`recency_days`, `frequency`, `monetary_minor`: four rising integers each; a value below the first scores lowest."""
AXES = ("recency_days", "frequency", "monetary_minor")
DayKey = tuple[str, str, str, date]
"""kind, business line ('' when none), currency, day."""


@dataclass(frozen=True, slots=True)
class Values:
    """A customer's values on a day: days since the last purchase, purchases, their amount in minor units."""

    recency_days: int
    frequency: int
    monetary_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class SegmentDefinition:
    """`r`, `f`, `m`: the lowest and the highest score, both included."""

    name: str
    title: Mapping[str, str]
    r: tuple[int, int]
    f: tuple[int, int]
    m: tuple[int, int]

    def matches(self, r: int, f: int, m: int) -> bool:
        return self.r[0] <= r <= self.r[1] and self.f[0] <= f <= self.f[1] and self.m[0] <= m <= self.m[1]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A compiled definition. All methods are pure."""

    name: str
    ref: str
    title: Mapping[str, str]
    purchases: str
    business_line: str | None
    currency: str | None
    window_days: int | None
    quantiles: bool
    smallest_base: int
    monetary_unit_minor: int
    absolute: Cutoffs
    every: timedelta
    segments: tuple[SegmentDefinition, ...]

    def measure(self, days: Mapping[DayKey, tuple[int, int]], as_of: date) -> Values | None:
        """From {(kind, line, currency, day): (purchases, minor units)}; None: no purchase by that day."""
        chosen = [(key, counts) for key, counts in days.items() if counts[0] > 0 and self._counts(key, as_of)]
        wanted = self._kind(chosen)
        chosen = [(key, counts) for key, counts in chosen if key[0] == wanted]
        if not chosen:
            return None
        currency = self.currency or max((key[3], key[2]) for key, _ in chosen)[1]
        return Values(
            recency_days=(as_of - max(key[3] for key, _ in chosen)).days,
            frequency=sum(n for _, (n, _) in chosen),
            monetary_minor=sum(amount for key, (_, amount) in chosen if key[2] == currency),
            currency=currency,
        )

    def _counts(self, key: DayKey, as_of: date) -> bool:
        _, line, currency, day = key
        return (
            day <= as_of
            and (self.window_days is None or day > as_of - timedelta(days=self.window_days))
            and self.business_line in (None, line)
            and self.currency in (None, currency)
        )

    def _kind(self, chosen: Iterable[tuple[DayKey, tuple[int, int]]]) -> str:
        if self.purchases != "orders_else_wins":
            return self.purchases.removesuffix("s")
        return "order" if any(key[0] == "order" for key, _ in chosen) else "win"

    def scores(self, values: Values, cutoffs: Cutoffs) -> tuple[int, int, int]:
        """(r, f, m) from 1 to 5; `value < threshold` falls below, recency is reversed."""
        return (
            5 - bisect_right(cutoffs["recency_days"], values.recency_days),
            1 + bisect_right(cutoffs["frequency"], values.frequency),
            1 + bisect_right(cutoffs["monetary_minor"], values.monetary_minor),
        )

    def segment(self, r: int, f: int, m: int) -> SegmentDefinition:
        return next(s for s in self.segments if s.matches(r, f, m))

    def cutoffs_of(self, customers: Sequence[Values]) -> Cutoffs:
        """Type-7 quantiles .2 .4 .6 .8 of all customers, plus one unit; the absolute ones for a small base."""
        if not self.quantiles or len(customers) < max(self.smallest_base, 1):
            return self.absolute
        units = {"recency_days": 1, "frequency": 1, "monetary_minor": self.monetary_unit_minor}
        return {axis: fifths(sorted(getattr(v, axis) for v in customers), units[axis]) for axis in AXES}


def fifths(ordered: Sequence[int], unit: int) -> tuple[int, ...]:
    """The smallest integers not below the type-7 quantiles .2 .4 .6 .8 (Hyndman and Fan 1996) plus `unit`.

    Whole numbers lie below a threshold exactly when they lie below the next integer, so nothing is rounded away.
    """
    thresholds = []
    for k in (1, 2, 3, 4):
        index, rest = divmod((len(ordered) - 1) * k, 5)
        above = ordered[min(index + 1, len(ordered) - 1)]
        fifth = 5 * ordered[index] + rest * (above - ordered[index])
        thresholds.append(-(-fifth // 5) + unit)
    return tuple(thresholds)


@dataclass(frozen=True, slots=True)
class Segmentations:
    """All segmentations in force, in order of their file names; lists are filtered by the first."""

    segmentations: Mapping[str, Segmentation]
    zone: ZoneInfo

    @property
    def first(self) -> Segmentation:
        return next(iter(self.segmentations.values()))

    @property
    def refs(self) -> str:
        """Names and versions of all."""
        return ",".join(s.ref for s in self.segmentations.values())
