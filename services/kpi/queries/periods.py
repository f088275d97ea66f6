"""Parses periods such as 2026-Q3, and cuts a range into buckets: local days of the company, `high` exclusive."""
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

Grain = Literal["day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year", "total"]
GRAINS: tuple[str, ...] = get_args(Grain)
DAY = timedelta(days=1)
_FORM = re.compile(
    r"(?P<fiscal>FY)?(?P<year>[1-9]\d{3})"
    r"(?:-(?:Q(?P<quarter>[1-4])|P(?P<part>0[1-9]|1[0-2])|W(?P<week>0[1-9]|[1-4]\d|5[0-3])"
    r"|(?P<month>0[1-9]|1[0-2])(?:-(?P<day>\d\d))?))?"
)


class InvalidPeriod(ValueError):
    """Not a period; the message names the allowed forms."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `low` to before `high`. `label` as people write it: 2026, 2026-Q3, 2026-09, 2026-W37, 2026-09-14, FY2026."""

    label: str
    low: date
    high: date
    grain: Grain

    @property
    def days(self) -> int:
        return (self.high - self.low).days

    def contains(self, day: date) -> bool:
        return self.low <= day < self.high


@dataclass(frozen=True, slots=True)
class Calendar:
    """`fiscal_starts`: the month in which the fiscal year begins; the year is named after that in which it ends."""

    fiscal_starts: int = 1

    def parse(self, text: str) -> Period:
        """Raises InvalidPeriod."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidPeriod(f"{text!r} must be like 2026, 2026-Q3, 2026-09, 2026-W37, 2026-09-14, FY2026, "
                                "FY2026-Q3 or FY2026-P09")
        parts = match.groupdict()
        year = int(parts["year"])
        try:
            if parts["fiscal"]:
                if parts["month"] or parts["week"]:
                    raise InvalidPeriod(f"{text!r}: a fiscal year has quarters Q1 to Q4 and periods P01 to P12")
                return self._fiscal(text, year, parts["quarter"], parts["part"])
            if parts["part"]:
                raise InvalidPeriod(f"{text!r}: periods P01 to P12 need a fiscal year, as in FY{text}")
            if parts["day"]:
                return day_of(date(year, int(parts["month"]), int(parts["day"])))
            if parts["week"]:
                return week_of(date.fromisocalendar(year, int(parts["week"]), 1))
        except ValueError as error:
            if isinstance(error, InvalidPeriod):
                raise
            raise InvalidPeriod(f"{text!r} is not in the calendar") from None
        if parts["quarter"]:
            return quarter_of(date(year, int(parts["quarter"]) * 3 - 2, 1))
        if parts["month"]:
            return month_of(date(year, int(parts["month"]), 1))
        return year_of(date(year, 1, 1))

    def _fiscal(self, text: str, year: int, quarter: str | None, part: str | None) -> Period:
        start = date(year - (self.fiscal_starts > 1), self.fiscal_starts, 1)
        if quarter:
            low = months_after(start, 3 * (int(quarter) - 1))
            return Period(text, low, months_after(low, 3), "fiscal_quarter")
        if part:
            low = months_after(start, int(part) - 1)
            return Period(text, low, months_after(low, 1), "month")
        return Period(text, start, months_after(start, 12), "fiscal_year")

    def bucket(self, day: date, grain: Grain) -> Period:
        """The bucket of that grain that contains the day."""
        match grain:
            case "day":
                return day_of(day)
            case "week":
                return week_of(day)
            case "month":
                return month_of(day)
            case "quarter":
                return quarter_of(day)
            case "fiscal_quarter" | "fiscal_year":
                return self._fiscal_bucket(day, grain)
            case _:
                return year_of(day)

    def _fiscal_bucket(self, day: date, grain: Grain) -> Period:
        year = day.year + (self.fiscal_starts > 1 and day.month >= self.fiscal_starts)
        if grain == "fiscal_year":
            return self.parse(f"FY{year}")
        return next(p for q in range(1, 5) if (p := self.parse(f"FY{year}-Q{q}")).contains(day))

    def buckets(self, low: date, high: date, grain: Grain) -> list[Period]:
        """Those that overlap the range, cut to it; `total`: the range itself."""
        if grain == "total":
            return [Period(f"{low}..{high}", low, high, "total")]
        return list(self._cut(low, high, grain))

    def _cut(self, low: date, high: date, grain: Grain) -> Iterator[Period]:
        at = low
        while at < high:
            whole = self.bucket(at, grain)
            yield Period(whole.label, max(whole.low, low), min(whole.high, high), grain)
            at = whole.high


def day_of(day: date) -> Period:
    return Period(day.isoformat(), day, day + DAY, "day")


def week_of(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    year, week, _ = monday.isocalendar()
    return Period(f"{year}-W{week:02d}", monday, monday + timedelta(days=7), "week")


def month_of(day: date) -> Period:
    low = day.replace(day=1)
    return Period(f"{low:%Y-%m}", low, months_after(low, 1), "month")


def quarter_of(day: date) -> Period:
    quarter = (day.month - 1) // 3
    low = date(day.year, quarter * 3 + 1, 1)
    return Period(f"{day.year}-Q{quarter + 1}", low, months_after(low, 3), "quarter")


def year_of(day: date) -> Period:
    return Period(str(day.year), date(day.year, 1, 1), date(day.year + 1, 1, 1), "year")


def months_after(first: date, months: int) -> date:
    """The same day of the month so many months later; the last of a shorter month."""
    total = first.year * 12 + first.month - 1 + months
    year, month = divmod(total, 12)
    return _safe(year, month + 1, first.day)


def _safe(year: int, month: int, day: int) -> date:
    for last in range(day, 27, -1):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    return date(year, month, day)


def compared_period(period: Period, how: str) -> Period:
    """The base of a comparison: `previous`, of the same length and kind, or the same period a `year` earlier."""
    low, high = period.low, period.high
    if how == "year":
        if period.grain == "week":
            year, week, _ = low.isocalendar()
            try:
                monday = date.fromisocalendar(year - 1, week, 1)
            except ValueError:  # week 53 of a year whose predecessor has 52
                monday = low - timedelta(weeks=52)
            return Period(week_of(monday).label, monday, monday + (high - low), "week")
        return _labelled(months_after(low, -12), months_after(high, -12), period)
    months = {"month": 1, "quarter": 3, "fiscal_quarter": 3, "year": 12, "fiscal_year": 12}.get(period.grain)
    if months is None:
        return _labelled(low - (high - low), low, period)
    return _labelled(months_after(low, -months), months_after(high, -months), period)


def _labelled(low: date, high: date, like: Period) -> Period:
    label = {"day": day_of, "month": month_of, "quarter": quarter_of, "year": year_of}
    whole = label[like.grain](low) if like.grain in label else None
    return Period(whole.label if whole else f"{low}..{high}", low, high, like.grain)


def elapsed(period: Period, today: date) -> Period:
    """The days of a running period up to and including today; any other period unchanged."""
    if not period.contains(today):
        return period
    return Period(period.label, period.low, min(today + DAY, period.high), period.grain)
