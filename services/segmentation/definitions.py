"""What a segmentation YAML file means: how customers are measured, where the cut-offs lie, what makes a segment."""
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from chassis.domain.definitions import Definition, DefinitionError, Definitions, company_zone

Cutoffs = Mapping[str, tuple[int, ...]]
"""`recency_days`, `frequency`, `monetary_minor`: four rising integers each; a value below the first scores lowest."""
AXES = ("recency_days", "frequency", "monetary_minor")
DAY_KEY = tuple[str, str, str, date]
"""kind, business line ('' when none), currency, day."""


@dataclass(frozen=True, slots=True)
class Values:
    """What a customer is on a day: days since the last purchase, purchases, their amount in minor units."""

    recency_days: int
    frequency: int
    monetary_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    title: Mapping[str, str]
    r: tuple[int, int]
    f: tuple[int, int]
    m: tuple[int, int]

    def holds(self, r: int, f: int, m: int) -> bool:
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
    segments: tuple[Segment, ...]

    def measure(self, days: Mapping[DAY_KEY, tuple[int, int]], as_of: date) -> Values | None:
        """From {(kind, line, currency, day): (purchases, minor units)}; None: nothing bought by then."""
        chosen = [(key, found) for key, found in days.items() if found[0] > 0 and self._counts(key, as_of)]
        wanted = self._kind(chosen)
        chosen = [(key, found) for key, found in chosen if key[0] == wanted]
        if not chosen:
            return None
        currency = self.currency or max((key[3], key[2]) for key, _ in chosen)[1]
        return Values(
            recency_days=(as_of - max(key[3] for key, _ in chosen)).days,
            frequency=sum(n for _, (n, _) in chosen),
            monetary_minor=sum(amount for key, (_, amount) in chosen if key[2] == currency),
            currency=currency,
        )

    def _counts(self, key: DAY_KEY, as_of: date) -> bool:
        _, line, currency, day = key
        return (
            day <= as_of
            and (self.window_days is None or day > as_of - timedelta(days=self.window_days))
            and self.business_line in (None, line)
            and self.currency in (None, currency)
        )

    def _kind(self, chosen: Iterable[tuple[DAY_KEY, tuple[int, int]]]) -> str:
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

    def segment(self, r: int, f: int, m: int) -> Segment:
        return next(s for s in self.segments if s.holds(r, f, m))

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
    found = []
    for k in (1, 2, 3, 4):
        index, rest = divmod((len(ordered) - 1) * k, 5)
        above = ordered[min(index + 1, len(ordered) - 1)]
        fifth = 5 * ordered[index] + rest * (above - ordered[index])
        found.append(-(-fifth // 5) + unit)
    return tuple(found)


# --- reading the YAML ------------------------------------------------------------------------------------------------

Score = Annotated[int, Field(ge=1, le=5)]
Four = tuple[int, int, int, int]


def _upwards(pair: tuple[int, int]) -> tuple[int, int]:
    if pair[0] > pair[1]:
        raise ValueError(f"from {pair[0]} to {pair[1]} holds nothing: the lower score stands first")
    return pair


Range = Annotated[tuple[Score, Score], AfterValidator(_upwards)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Segment(_Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    title: dict[str, str]
    r: Range
    f: Range
    m: Range


class _Absolute(_Strict):
    recency_days: Four
    frequency: Four
    monetary_minor: Four

    @model_validator(mode="after")
    def _rising(self) -> "_Absolute":
        for axis in AXES:
            four = getattr(self, axis)
            if list(four) != sorted(set(four)):
                raise ValueError(f"{axis}: four rising numbers")
        return self


class _Cutoffs(_Strict):
    method: Literal["quantiles", "absolute"]
    smallest_base: Annotated[int, Field(ge=0)] = 20
    monetary_unit_minor: Annotated[int, Field(ge=1)] = 100
    absolute: _Absolute


class _Recompute(_Strict):
    every_hours: Annotated[int, Field(ge=1)] = 24


class SegmentationYaml(_Strict):
    """The form of `definitions/segments/*.yaml`."""

    name: str
    version: int
    title: dict[str, str]
    purchases: Literal["orders", "wins", "orders_else_wins"]
    business_line: str | None = None
    currency: str | None = None
    window_days: Annotated[int, Field(ge=1)] | None = None
    cutoffs: _Cutoffs
    recompute: _Recompute = _Recompute()
    segments: Annotated[list[_Segment], Field(min_length=1)]


def compile_segmentation(definition: Definition) -> Segmentation:
    try:
        read = SegmentationYaml.model_validate(definition.body)
    except ValidationError as error:
        first = error.errors()[0]
        raise DefinitionError(definition.fault(first["loc"], str(first["msg"]))) from None
    made = Segmentation(
        name=read.name, ref=definition.ref, title=read.title, purchases=read.purchases,
        business_line=read.business_line, currency=read.currency, window_days=read.window_days,
        quantiles=read.cutoffs.method == "quantiles", smallest_base=read.cutoffs.smallest_base,
        monetary_unit_minor=read.cutoffs.monetary_unit_minor, absolute=read.cutoffs.absolute.model_dump(),
        every=timedelta(hours=read.recompute.every_hours),
        segments=tuple(Segment(s.name, s.title, s.r, s.f, s.m) for s in read.segments),
    )
    _check(made, definition)
    return made


def _check(made: Segmentation, definition: Definition) -> None:
    names = [s.name for s in made.segments]
    where = definition.where("segments")
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DefinitionError(f"{definition.where('segments', place)}: the segment {name!r} stands here twice")
    scores = range(1, 6)
    for r, f, m in ((r, f, m) for r in scores for f in scores for m in scores):
        if not any(s.holds(r, f, m) for s in made.segments):
            raise DefinitionError(f"{where}: no segment takes the scores {r}{f}{m}; add one that takes the rest")


@dataclass(frozen=True, slots=True)
class Compiled:
    """All segmentations in force, in order of their file names; the first is the one lists are filtered by."""

    segmentations: Mapping[str, Segmentation]
    zone: ZoneInfo

    @property
    def first(self) -> Segmentation:
        return next(iter(self.segmentations.values()))

    @property
    def refs(self) -> str:
        """Names and versions of all."""
        return ",".join(s.ref for s in self.segmentations.values())


def compile_all(definitions: Definitions) -> Compiled:
    found = [compile_segmentation(d) for d in definitions.current("segments")]
    if not found:
        raise DefinitionError("definitions/segments: there is no segmentation; add at least one")
    return Compiled({s.name: s for s in found}, company_zone(definitions))
