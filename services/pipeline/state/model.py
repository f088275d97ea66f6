"""State of one opportunity. Bounded: the published events are stored as history rows, not here."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from chassis.domain.decider import State
from contracts.pipeline import Opportunity as Deal

MAX_ACTIVITIES = 200  # the latest ones; older ones count for no stage that is still open
MAX_VISITS = 64  # the first visit of each stage and the latest ones
MAX_BREACHES = 8

Status = Literal["", "open", "won", "lost"]


class RecordedActivity(State, frozen=True):
    id: str
    kind: str  # "": only its void has arrived so far
    at: datetime
    on_lead: bool = False
    voided: bool = False


class StageVisit(State, frozen=True):
    """One stay in a stage, from `at` to the next visit's `at`. `at` None: entered on an unknown day."""

    stage: str
    at: datetime | None


class StageDeadline(State, frozen=True):
    """A stay in `stage` since `entered_at` breaches its `level` at `at`."""

    stage: str
    entered_at: datetime
    at: datetime
    level: str


class OpportunityState(State, frozen=True):
    """`deal` is what the contracts publish (None: not opened yet); the other fields serve decisions only."""

    opportunity_id: str
    deal: Deal | None = None
    status: Status = ""
    fields: Mapping[str, Any] = {}  # of the business line's layout
    changed_at: datetime | None = None  # business time of the last opening, revision or transition
    clocks: Mapping[str, datetime] = {}  # field -> business time of its last value
    visits: tuple[StageVisit, ...] = ()  # in order of time
    closed_at: datetime | None = None
    stage_before: str | None = None
    loss_reason: str | None = None
    activities: tuple[RecordedActivity, ...] = ()
    dues: tuple[StageDeadline, ...] = ()  # still to come, in order
    breaches: tuple[StageDeadline, ...] = ()
    opening: str = ""  # digest of the request that opened it
    assumed: bool = False  # a report came before the opening did
    customer: str | None = None  # customer of the converted lead, known before the deal was opened

    @property
    def entered_at(self) -> datetime | None:
        return self.visits[-1].at if self.visits else None


def next_deadline(state: OpportunityState) -> datetime | None:
    return state.dues[0].at if state.dues else None


def due_at(state: OpportunityState) -> datetime | None:
    """When an open deal is due: the first deadline of its present stay, missed or still to come.

    This is the value that the index, the API, the worklist and the console show.
    """
    if state.status != "open":
        return None
    visit = state.visits[-1]
    missed = [d.at for d in state.breaches if (d.stage, d.entered_at) == (visit.stage, visit.at)]
    return min([*missed, *(d.at for d in state.dues)], default=None)
