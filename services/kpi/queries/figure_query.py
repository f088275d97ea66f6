"""Parses the parameters of a figure query; an invalid one becomes a problem that names the allowed values."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chassis.http.problems import ProblemError, not_in_this_release
from chassis.messages.codec.errors import FieldError
from services.kpi.definitions import Catalogue, CompiledMeasure
from services.kpi.queries.figures import Slice, queryable_dimensions
from services.kpi.queries.periods import GRAINS, Calendar, InvalidPeriod, Period

COMPARISONS = ("previous", "year")
MAX_BUCKETS = 1000


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """`grain`: of the periods, `total` for one; `compare`: some of COMPARISONS."""

    measure: CompiledMeasure
    periods: tuple[Period, ...]
    grain: str
    slice: Slice
    compare: tuple[str, ...]


def parse_query(
    catalogue: Catalogue, calendar: Calendar, name: str, parameters: Mapping[str, Any], today: date,
) -> FigureQuery:
    """`parameters`: from, to, period, grain, by, where, compare as they came. Raises ProblemError with all faults."""
    measure = find_measure(catalogue, name)
    for later in ("known_at", "currency"):
        if parameters.get(later) is not None:
            raise not_in_this_release({"known_at": "figures as they were known on a day",
                                       "currency": "conversion into one currency"}[later])
    faults: list[FieldError] = []
    periods, grain = _periods(calendar, parameters, today, faults)
    by = tuple(_list(parameters.get("by")))
    where = _where(_list(parameters.get("where"), split=False), faults)
    compare = tuple(_list(parameters.get("compare")))
    allowed = queryable_dimensions(measure)
    faults += [_unknown("by", n, allowed) for n in by if n not in allowed]
    faults += [_unknown("where", n, allowed) for n in where if n not in allowed]
    faults += [FieldError("unknown_comparison", "/compare", f"{n!r} must be one of {', '.join(COMPARISONS)}.")
               for n in compare if n not in COMPARISONS]
    if faults:
        raise ProblemError(422, "invalid", faults[0].message, faults)
    return FigureQuery(measure, tuple(periods), grain, Slice(by, where), compare)


def find_measure(catalogue: Catalogue, name: str) -> CompiledMeasure:
    """Raises ProblemError 404."""
    measure = catalogue.measures.get(name)
    if measure is None:
        known = ", ".join(sorted(m.name for m in catalogue.listed()))
        raise ProblemError(404, "unknown_measure", f"Measure {name!r} does not exist. Measures are: {known}.")
    return measure


def _unknown(pointer: str, name: str, allowed: Sequence[str]) -> FieldError:
    return FieldError(
        "unknown_dimension", f"/{pointer}", f"{name!r} is not a dimension of this measure; allowed are "
        + ", ".join(allowed) + ".", {"dimension": name, "dimensions": list(allowed)})


def _periods(
    calendar: Calendar, parameters: Mapping[str, Any], today: date, faults: list[FieldError],
) -> tuple[list[Period], str]:
    """Buckets and their grain; ([], "") with a fault added."""
    grain = parameters.get("grain")
    if grain is not None and grain not in GRAINS:
        faults.append(FieldError("unknown_grain", "/grain", f"{grain!r} must be one of {', '.join(GRAINS)}."))
        return [], ""
    try:
        low, high, natural = _range(calendar, parameters, today)
    except InvalidPeriod as error:
        faults.append(FieldError("bad_period", "/period" if parameters.get("period") else "/from", str(error)))
        return [], ""
    if low >= high:
        faults.append(FieldError("empty_range", "/to", "`to` is exclusive and must be after `from`."))
        return [], ""
    chosen = grain or natural
    if chosen == "day" and (high - low).days > MAX_BUCKETS:
        faults.append(FieldError("too_many_buckets", "/grain", f"must be at most {MAX_BUCKETS} days at once."))
        return [], ""
    if natural == "whole" and grain is None:
        return [calendar.parse(str(parameters["period"]))], "total"
    return calendar.buckets(low, high, chosen), chosen  # type: ignore[arg-type]


def _range(calendar: Calendar, parameters: Mapping[str, Any], today: date) -> tuple[date, date, str]:
    """(low, high, grain when none is given). Without parameters: the twelve months up to now."""
    if parameters.get("period"):
        period = calendar.parse(str(parameters["period"]))
        return period.low, period.high, "whole"
    low = _first_day(calendar, parameters.get("from"))
    high = _first_day(calendar, parameters.get("to"))
    if low is None and high is None:
        this = calendar.bucket(today, "month")
        return calendar.parse(f"{this.low.year - 1}-{this.low.month:02d}").high, this.high, "month"
    high = high or today + timedelta(days=1)
    return low or calendar.bucket(high - timedelta(days=1), "year").low, high, "total"


def _first_day(calendar: Calendar, text: Any) -> date | None:
    """Of a date or a period; for `to` as well, which is exclusive."""
    return None if text is None else calendar.parse(str(text)).low


def _list(value: Any, *, split: bool = True) -> list[str]:
    if value is None:
        return []
    texts = [value] if isinstance(value, str) else [str(x) for x in value]
    return [part.strip() for text in texts for part in (text.split(",") if split else [text]) if part.strip()]


def _where(texts: Sequence[str], faults: list[FieldError]) -> dict[str, frozenset[str | None]]:
    """`region:West`; the same dimension again adds a label; an empty label selects cells without one."""
    labels_by_dimension: dict[str, set[str | None]] = {}
    for text in texts:
        name, colon, label = text.partition(":")
        if not colon:
            faults.append(FieldError("bad_where", "/where", f"{text!r} must be dimension:label, such as region:West."))
            continue
        labels_by_dimension.setdefault(name, set()).add(label or None)
    return {name: frozenset(labels) for name, labels in labels_by_dimension.items()}
