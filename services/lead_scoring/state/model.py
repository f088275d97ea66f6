"""State of one lead.

Several topics carry facts of a lead, in no order among each other. So each field stores who set it last (by event time,
source, id), activities are stored by their own id, and everything else is computed from these: the order of arrival
does not change the result.
"""
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.domain.decider import State
from contracts.lead_scoring import Contribution

Value = str | int | float | bool | None
EngagementTimes = Mapping[str, datetime]  # engagement id -> when
MAX_PARKED = 500
MAX_PAST_VALUES = 20  # of one field


class StampedValue(State, frozen=True, kw_only=True):
    """One value of a field; None: removed. Fields are named by path: `source`, `contact.email`, `attributes.size`."""

    value: Value
    at: datetime
    source: str
    ref: str

    def newer(self, other: "StampedValue | None") -> bool:
        return other is None or (self.at, self.source, self.ref) > (other.at, other.source, other.ref)


class Signal(State, frozen=True, kw_only=True):
    """Something the lead did. `rules`: the engagement rules of the lead's scorecard that it meets."""

    on: str  # activity, engagement, campaign
    kind: str
    at: datetime
    facts: Mapping[str, Any] = {}
    rules: tuple[str, ...] = ()
    voided_at: datetime | None = None


class LatestScore(State, frozen=True, kw_only=True):
    """The last published score; `contributions` add up to `score`."""

    score: int
    grade: str
    fit: int
    engagement: int
    model: str
    contributions: tuple[Contribution, ...]


class LeadState(State, frozen=True, kw_only=True):
    """`captured_at` is None until the capture arrives, which may be after other facts."""

    lead_id: str
    captured_at: datetime | None = None
    captured: str = ""  # digest of the capture, to recognise a repeat
    model: str = ""  # name@version of the scorecard that decides on this lead
    fields: Mapping[str, tuple[StampedValue, ...]] = {}  # by path, oldest first: the last one counts
    signals: Mapping[str, Signal] = {}  # activities and responses, for ever
    parked: Mapping[str, Signal] = {}  # engagements that arrived before a scorecard was assigned
    marks: Mapping[str, EngagementTimes] = {}  # rule -> engagements, as many as it counts
    as_of: datetime | None = None  # the latest business time of any fact
    scored: LatestScore | None = None
    qualified: bool = False
    first_qualified_at: datetime | None = None  # the earliest time of a published qualification
    due: datetime | None = None  # a late fact shows that the lead was qualified then: still to be published
    closed: str = ""  # converted, lost, merged, erased
    closed_at: datetime | None = None
    customer_id: str | None = None
    opportunity_id: str | None = None
    merged_into: str | None = None
    loss_reason: str | None = None

    @property
    def status(self) -> str:
        if self.closed:
            return self.closed
        if self.captured_at is None:
            return "unknown"
        return "qualified" if self.qualified else "open"


def new_lead(lead_id: str) -> LeadState:
    return LeadState(lead_id=lead_id)


def latest_value(lead: LeadState, path: str, at: datetime | None = None) -> StampedValue | None:
    """The last value of a field; `at`: as of that time."""
    values = lead.fields.get(path, ())
    return next((v for v in reversed(values) if at is None or v.at <= at), None)


def field_values(lead: LeadState, at: datetime | None = None) -> dict[str, Any]:
    """The lead's fields as rules read them (as of a time): nested, without removed ones."""
    values: dict[str, Any] = {"contact": {}, "attributes": {}, "dimensions": {}}
    for path in lead.fields:
        stamped = latest_value(lead, path, at)
        head, dot, rest = path.partition(".")
        if stamped is None or stamped.value is None or (dot and not stamped.newer(latest_value(lead, head, at))):
            continue
        if dot:
            values[head][rest] = stamped.value
        else:
            values[head] = stamped.value
    return values


def field_value(lead: LeadState, path: str) -> Any:
    stamped = latest_value(lead, path)
    return None if stamped is None else stamped.value
