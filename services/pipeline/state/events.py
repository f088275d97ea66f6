"""Events of an opportunity that are not published: facts that only its own state needs."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.domain.decider import State
from services.pipeline.state.model import RecordedActivity, StageDeadline, StageVisit


class OpeningRecorded(State, frozen=True):
    """Which request opened the deal, when, and which fields it set."""

    digest: str
    assumed: bool
    at: datetime | None
    names: tuple[str, ...] = ()


class FieldsDated(State, frozen=True):
    """These fields were set at business time `at`."""

    at: datetime
    names: tuple[str, ...] = ()


class LayoutFieldsChanged(State, frozen=True):
    """New values of fields of the layout; None removes a field."""

    changes: Mapping[str, Any]


class StageVisitRecorded(State, frozen=True):
    """`position`: its index among the visits in order of time. A visit before the last one is late news."""

    visit: StageVisit
    position: int


class StageDeadlinesSet(State, frozen=True):
    """The deadlines of the present stay; they replace those of the stay before."""

    deadlines: tuple[StageDeadline, ...]


class StageDeadlinesLapsed(State, frozen=True):
    """Deadlines up to `until` passed in replayed history, without a breach."""

    until: datetime


class CustomerNamed(State, frozen=True):
    """The deal's lead became this customer before the deal was opened."""

    customer_id: str


class ActivityRecorded(State, frozen=True):
    activity: RecordedActivity


class ActivityInvalidated(State, frozen=True):
    """An activity was voided, possibly before it was recorded."""

    activity_id: str
    at: datetime
