"""Events of a lead that are not published: facts that only its own state needs."""
from collections.abc import Mapping
from datetime import datetime

from chassis.domain.decider import State
from services.lead_scoring.state.model import EngagementTimes, Signal, StampedValue


class CaptureRecorded(State, frozen=True, kw_only=True):
    at: datetime
    digest: str


class FieldsStamped(State, frozen=True, kw_only=True):
    fields: Mapping[str, StampedValue]


class SignalRecorded(State, frozen=True, kw_only=True):
    id: str
    signal: Signal


class SignalVoided(State, frozen=True, kw_only=True):
    id: str
    at: datetime


class EngagementCounted(State, frozen=True, kw_only=True):
    """`marks`: for each rule that it meets, the engagements that count from now on."""

    id: str
    signal: Signal
    marks: Mapping[str, EngagementTimes]


class ScorecardAssigned(State, frozen=True, kw_only=True):
    """The scorecard that decides from now on, and which of its rules the signals so far meet."""

    model: str
    rules: Mapping[str, tuple[str, ...]]  # signal id -> rules
    marks: Mapping[str, EngagementTimes]


class TimeAdvanced(State, frozen=True, kw_only=True):
    at: datetime


class QualificationScheduled(State, frozen=True, kw_only=True):
    """A late fact shows that the lead was qualified at `at`: a deadline of that time publishes it."""

    at: datetime


class QualificationResolved(State, frozen=True, kw_only=True):
    """The qualification is published for this time; None: there is nothing to publish any more."""

    published_for: datetime | None


class LeadClosed(State, frozen=True, kw_only=True):
    how: str
    at: datetime
    customer_id: str | None = None
    opportunity_id: str | None = None
    merged_into: str | None = None
    loss_reason: str | None = None


class LeadAnonymised(State, frozen=True, kw_only=True):
    at: datetime
