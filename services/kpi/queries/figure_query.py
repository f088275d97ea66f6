"""What is asked of a measure, read from a request's words; what cannot be asked is a problem that says what can."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from chassis.http.routing import Fault, Problem, not_in_this_release
from services.kpi.definitions import Catalogue, Measure
from services.kpi.queries.figures import Slice, askable
from services.kpi.queries.periods import GRAINS, BadPeriod, Calendar, Period

COMPARISONS = ("previous", "year")
MOST_BUCKETS = 1000


@dataclass(frozen=True, slots=True)
class Question:
    measure: Measure
    periods: tuple[Period, ...]
    grain: str
    asked: Slice
    compare: tuple[str, ...]

    def shifted(self, periods: Sequence[Period]) -> "Question":
        return replace(self, periods=tuple(periods), compare=())


def question(
    catalogue: Catalogue, calendar: Calendar, name: str, words: Mapping[str, Any], today: date,
) -> Question:
    """`words`: from, to, period, grain, by, where, compare as they came. Raises Problem with every fault."""
    measure = measure_of(catalogue, name)
    for later in ("known_at", "currency"):
        if words.get(later) is not None:
            raise not_in_this_release({"known_at": "figures as they were known on a day",
                                       "currency": "conversion into one currency"}[later])
    faults: list[Fault] = []
    periods, grain = _periods(calendar, words, today, faults)
    by = tuple(_list(words.get("by")))
    where = _where(_list(words.get("where"), split=False), faults)
    compare = tuple(_list(words.get("compare")))
    may = askable(measure)
    faults += [_unknown("by", n, may) for n in by if n not in may]
    faults += [_unknown("where", n, may) for n in where if n not in may]
    faults += [Fault("unknown_comparison", "/compare", f"{n!r}: compare with {' or '.join(COMPARISONS)}.")
               for n in compare if n not in COMPARISONS]
    if faults:
        raise Problem(422, "invalid", faults[0].message, faults)
    return Question(measure, tuple(periods), grain, Slice(by, where), compare)


def measure_of(catalogue: Catalogue, name: str) -> Measure:
    measure = catalogue.measures.get(name)
    if measure is None:
        known = ", ".join(sorted(m.name for m in catalogue.listed()))
        raise Problem(404, "unknown_measure", f"There is no measure {name!r} in this release. There are: {known}.")
    return measure


def _unknown(pointer: str, name: str, may: Sequence[str]) -> Fault:
    return Fault("unknown_dimension", f"/{pointer}", f"{name!r} is no dimension of this measure; it has "
                 + ", ".join(may) + ".", {"dimension": name, "dimensions": list(may)})


def _periods(
    calendar: Calendar, words: Mapping[str, Any], today: date, faults: list[Fault],
) -> tuple[list[Period], str]:
    grain = words.get("grain")
    if grain is not None and grain not in GRAINS:
        faults.append(Fault("unknown_grain", "/grain", f"{grain!r}: grains are {', '.join(GRAINS)}."))
        return [], ""
    try:
        low, high, natural = _range(calendar, words, today)
    except BadPeriod as error:
        faults.append(Fault("bad_period", "/period" if words.get("period") else "/from", str(error)))
        return [], ""
    if low >= high:
        faults.append(Fault("empty_range", "/to", "`to` is exclusive and must lie after `from`."))
        return [], ""
    chosen = grain or natural
    if chosen == "day" and (high - low).days > MOST_BUCKETS:
        faults.append(Fault("too_many_buckets", "/grain", f"At most {MOST_BUCKETS} days at once."))
        return [], ""
    if natural in ("whole",) and grain is None:
        return [calendar.parse(str(words["period"]))], "total"
    return calendar.buckets(low, high, chosen), chosen  # type: ignore[arg-type]


def _range(calendar: Calendar, words: Mapping[str, Any], today: date) -> tuple[date, date, str]:
    """(low, high, grain when none is named). Without anything: the twelve months to now."""
    if words.get("period"):
        period = calendar.parse(str(words["period"]))
        return period.low, period.high, "whole"
    low = _edge(calendar, words.get("from"), low=True)
    high = _edge(calendar, words.get("to"), low=False)
    if low is None and high is None:
        this = calendar.bucket(today, "month")
        return calendar.parse(f"{this.low.year - 1}-{this.low.month:02d}").high, this.high, "month"
    high = high or today + timedelta(days=1)
    return low or calendar.bucket(high - timedelta(days=1), "year").low, high, "total"


def _edge(calendar: Calendar, text: Any, *, low: bool) -> date | None:
    """A date, or a period: its first day on either side, as `to` is exclusive."""
    if text is None:
        return None
    return calendar.parse(str(text)).low


def _list(found: Any, *, split: bool = True) -> list[str]:
    if found is None:
        return []
    texts = [found] if isinstance(found, str) else [str(x) for x in found]
    return [part.strip() for text in texts for part in (text.split(",") if split else [text]) if part.strip()]


def _where(texts: Sequence[str], faults: list[Fault]) -> dict[str, frozenset[str | None]]:
    """`region:West`; the same dimension again adds a label; an empty label is the row `null`."""
    found: dict[str, set[str | None]] = {}
    for text in texts:
        name, colon, label = text.partition(":")
        if not colon:
            faults.append(Fault("bad_where", "/where", f"{text!r}: say dimension:label, such as region:West."))
            continue
        found.setdefault(name, set()).add(label or None)
    return {name: frozenset(labels) for name, labels in found.items()}
