"""`SegmentationYaml`: what may be written in `definitions/segments/*.yaml`."""
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chassis.domain.definitions.faults import InvalidValue
from chassis.domain.definitions.schema import Name, Title, YamlModel

Score = Annotated[int, Field(ge=1, le=5)]
Four = tuple[int, int, int, int]


def _rising_pair(pair: tuple[int, int]) -> tuple[int, int]:
    if pair[0] > pair[1]:
        raise InvalidValue("range_order", "{low} to {high} is empty; write the lower score first", low=pair[0],
                           high=pair[1])
    return pair


def _rising_four(four: Four) -> Four:
    if list(four) != sorted(set(four)):
        raise InvalidValue("cutoffs_order", "must be four rising numbers")
    return four


ScoreRange = Annotated[tuple[Score, Score], AfterValidator(_rising_pair)]
RisingFour = Annotated[Four, AfterValidator(_rising_four)]


class SegmentYaml(YamlModel):
    name: Name
    title: Title
    r: ScoreRange
    f: ScoreRange
    m: ScoreRange


class AbsoluteCutoffsYaml(YamlModel):
    recency_days: RisingFour
    frequency: RisingFour
    monetary_minor: RisingFour


class CutoffsYaml(YamlModel):
    method: Literal["quantiles", "absolute"]
    smallest_base: Annotated[int, Field(ge=0)] = 20
    monetary_unit_minor: Annotated[int, Field(ge=1)] = 100
    absolute: AbsoluteCutoffsYaml


class RecomputeYaml(YamlModel):
    every_hours: Annotated[int, Field(ge=1)] = 24


class SegmentationYaml(YamlModel):
    name: str
    version: int
    title: Title
    purchases: Literal["orders", "wins", "orders_else_wins"]
    business_line: str | None = None
    currency: str | None = None
    window_days: Annotated[int, Field(ge=1)] | None = None
    cutoffs: CutoffsYaml
    recompute: RecomputeYaml = RecomputeYaml()
    segments: Annotated[list[SegmentYaml], Field(min_length=1)]
