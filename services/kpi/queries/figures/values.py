"""Values of figures: from the totals of a bucket to the number that is shown, and its growth against a base."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from math import sqrt
from typing import Any

from services.kpi.definitions import CompiledMeasure
from services.kpi.queries.figures.buckets import BucketTotals

SIX_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` None has a `reason`. Money in minor units; ratios with 6 digits, half-even. `more`: further fields."""

    value: int | float | None
    reason: str | None = None
    n: int | None = None
    numerator: int | None = None
    denominator: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def additive_value(measure: CompiledMeasure, totals: BucketTotals) -> int:
    """The number of a measure that can be part of a ratio: members, money in minor units, or a count."""
    if measure.kind == "distinct":
        return len(totals.members)
    return totals.sum if measure.kind == "sum" or measure.money else totals.n


def figure_of(measure: CompiledMeasure, totals: BucketTotals) -> Figure:
    """The figure of any kind but `ratio` and `basis`."""
    return _FIGURES[measure.kind](measure, totals)


def _additive(measure: CompiledMeasure, totals: BucketTotals) -> Figure:
    return Figure(additive_value(measure, totals), n=totals.n if measure.kind == "sum" or measure.money else None)


def _median(_measure: CompiledMeasure, totals: BucketTotals) -> Figure:
    """Exact, from the histogram {value: count}: the middle value in order, or the mean of the middle two."""
    n = sum(totals.hist.values())
    if n <= 0:
        return Figure(None, "no_data", 0)
    ordered = sorted((v, c) for v, c in totals.hist.items() if c > 0)
    low, high = _nth(ordered, (n - 1) // 2), _nth(ordered, n // 2)
    return Figure((low + high) // 2 if (low + high) % 2 == 0 else (low + high) / 2, n=n)


def _nth(ordered: Sequence[tuple[int, int]], index: int) -> int:
    """The value at the index of the sorted values; `ordered`: [(value, count)]."""
    for value, count in ordered:
        if index < count:
            return value
        index -= count
    return ordered[-1][0]


def _nps(_measure: CompiledMeasure, totals: BucketTotals) -> Figure:
    """Net promoter score (Reichheld, 2003): per cent of scores 9 and 10 less per cent of scores 0 to 6.

    `margin`: half width of the 95 % confidence interval of the mean of -1, 0, 1 per score, in points: 1.96 times the
    standard error, by the normal approximation with the variance of the sample (divided by n).
    """
    n = sum(totals.hist.values())
    if n <= 0:
        return Figure(None, "no_data", 0)
    promoters = sum(c for v, c in totals.hist.items() if v >= 9)
    detractors = sum(c for v, c in totals.hist.items() if v <= 6)
    mean = (promoters - detractors) / n
    spread = (promoters * (1 - mean) ** 2 + detractors * (-1 - mean) ** 2 + (n - promoters - detractors) * mean**2) / n
    return Figure(
        _rounded(Decimal(100 * (promoters - detractors)) / n), n=n,
        more={"margin": _rounded(Decimal(196 * sqrt(spread / n))), "promoters": promoters,
              "passives": n - promoters - detractors, "detractors": detractors})


_FIGURES: Mapping[str, Callable[[CompiledMeasure, BucketTotals], Figure]] = {
    "count": _additive, "sum": _additive, "distinct": _additive, "snapshot": _additive, "median": _median, "nps": _nps,
}


def ratio_figure(numerator: int, denominator: int, more: Mapping[str, Any]) -> Figure:
    if denominator == 0:
        return Figure(None, "zero_denominator", numerator=numerator, denominator=0, more=more)
    return Figure(_rounded(Decimal(numerator) / denominator), numerator=numerator, denominator=denominator, more=more)


def growth(value: int | float | None, base: int | float | None, *, ratio: bool) -> dict[str, Any]:
    """`{value (of the base), change, growth}`, with `points` for a ratio: the change times 100.

    `growth` is the change divided by the absolute value of the base, so it has the sign of the change. Null with a
    `reason` when the base is missing or 0, or the value is missing.
    """
    if base is None or value is None:
        return {"value": base, "change": None, "growth": None, "reason": "no_base" if base is None else "no_value"}
    change = Decimal(str(value)) - Decimal(str(base))
    result: dict[str, Any] = {"value": base, "change": int(change) if change == int(change) else _rounded(change)}
    if ratio:
        result["points"] = _rounded(change * 100)
    if base == 0:
        return {**result, "growth": None, "reason": "zero_base"}
    return {**result, "growth": _rounded(change / abs(Decimal(str(base))))}


def _rounded(value: Decimal) -> float:
    return float(value.quantize(SIX_DIGITS, rounding=ROUND_HALF_EVEN))
