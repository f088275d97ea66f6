"""Response schemas of the routes."""
from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict

from chassis.http.responses import NotRequired, Title, TypedDict
from contracts.crm import ActivityKind
from contracts.kinds import Subject
from services.kpi.definitions.measure import Better, Kind, Unit

Number = int | float


class Measure(TypedDict):
    """What a measure is. `basis`: the measure whose figures it gives; `additive`: figures of periods add up; `better`:
    the direction of a change that is good."""

    measure: str
    title: Title
    unit: Unit
    kind: Kind
    formula: Title
    definition: str
    basis: str | None
    dimensions: list[str]
    additive: bool
    better: Better


class Fresh(TypedDict):
    """`complete_until`: events that reached the log until then are counted."""

    as_of: datetime
    complete_until: datetime


# --- figures ---------------------------------------------------------------------------------------------------------

Comparison = TypedDict("Comparison", {
    "value": Number | None, "change": Number | None, "growth": float | None,
    "points": NotRequired[float], "reason": NotRequired[str], "period": str, "from": date, "to": date,
    "like_for_like": bool})

_Row = TypedDict("_Row", {"from": date, "to": date})


class FigureRow(_Row):
    """A figure of one period and group. `value` null has a `reason`; money in minor units of `dimensions.currency`.

    A ratio has its numerator and denominator, some measures further fields; `target` is that of the same scope.
    """

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    period: str
    dimensions: dict[str, str | None]
    value: Number | None
    reason: NotRequired[str]
    n: NotRequired[int]
    numerator: NotRequired[int]
    denominator: NotRequired[int]
    margin: NotRequired[float]
    comparisons: NotRequired[dict[str, Comparison]]
    target: NotRequired[Number]
    attainment: NotRequired[float | None]
    pace: NotRequired[float | None]


class _Answer(Measure):
    grain: str
    by: list[str]
    rows: list[FigureRow]
    reason: NotRequired[Literal["beyond_scope"]]


class Figures(_Answer, Fresh):
    """The figures of one measure. `reason`: why this caller gets none."""

    next: str | None


class FiguresList(TypedDict):
    items: list[Figures]


class Counted(TypedDict):
    """A counted measure, and the row types that it counts."""

    measure: str
    definition: str
    formula: Title
    rows: list[str]


class Explanation(Measure, Fresh):
    """How a measure is computed. `generation`: that of the figures in use."""

    generation: str
    zone: str
    numerator: list[str]
    denominator: list[str]
    counts: list[Counted]


class CountedFor(TypedDict):
    """What a fact contributes to one cell."""

    measure: str
    day: date | None
    dimensions: dict[str, str | None]
    n: int
    sum: int
    value: int | None
    member: str | None


class FactRecord(TypedDict):
    fact: str
    id: str
    counts: list[CountedFor]


# --- boards ----------------------------------------------------------------------------------------------------------


class BoardSummary(TypedDict):
    name: str
    title: Title | None
    definition: str
    measures: list[str]


class Tile(_Answer):
    pass


class Board(Fresh):
    name: str
    title: Title | None
    definition: str
    period: str | None
    tiles: list[Tile]


# --- activities ------------------------------------------------------------------------------------------------------


class Activity(TypedDict):
    """`team`, `region`: those of the activity, else those of the rep on that day."""

    activity_id: str
    kind: ActivityKind
    subject: Subject
    status: Literal["planned", "done", "voided"]
    done_at: datetime | None
    due_at: datetime | None
    rep_id: str | None
    team: str | None
    region: str | None
    business_line: str | None
    customer_id: str | None
    direction: Literal["inbound", "outbound"] | None
    duration_seconds: int | None
    outcome: str | None
    effective: bool | None


# --- targets ---------------------------------------------------------------------------------------------------------


class Target(TypedDict):
    """`scope`: {dimension: label}, empty for the whole company; `rev`: to be sent with a change."""

    period: str
    measure: str
    scope: dict[str, str]
    currency: str | None
    value: Number
    set_at: datetime | None
    set_by: str
    rev: int


class AttainedTarget(Target):
    """`pace`: attainment divided by the share of the period's days that have passed."""

    actual: Number | None
    attainment: float | None
    pace: float | None


class Attainment(Fresh):
    period: str
    items: list[AttainedTarget]
    next: None
