"""What we remember of one opportunity, and how an event changes it. Bounded: histories are rows of their own."""
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal

from chassis.domain.decider import State, replace
from chassis.ports import Scalar
from contracts.pipeline import Opportunity as Deal
from contracts.pipeline import (
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    SlaBreached,
    SlaRetracted,
    StageEntered,
)

MAX_ACTIVITIES = 200  # the latest ones; older ones count for no stage that is still open
MAX_VISITS = 64  # first entries and the latest ones
MAX_BREACHES = 8

Status = Literal["", "open", "won", "lost"]


class Activity(State, frozen=True):
    id: str
    kind: str  # "": not heard of yet, only that it was voided
    at: datetime
    on_lead: bool = False
    voided: bool = False


class Visit(State, frozen=True):
    """One stay in a stage, from `at` to the next visit's. `at` None: entered on a day that is not known."""

    stage: str
    at: datetime | None


class Due(State, frozen=True):
    """A stay in `stage` since `entered_at` breaches its `level` at `at`."""

    stage: str
    entered_at: datetime
    at: datetime
    level: str


class Opportunity(State, frozen=True):
    """`deal` is what the contracts publish (None: not opened yet); the rest is what decisions need beside it."""

    opportunity_id: str
    deal: Deal | None = None
    status: Status = ""
    fields: Mapping[str, Any] = {}  # those of the layout
    changed_at: datetime | None = None  # business time of the last opening, revision or move
    clocks: Mapping[str, datetime] = {}  # per field, when it was last said
    visits: tuple[Visit, ...] = ()  # in order of time
    closed_at: datetime | None = None
    stage_before: str | None = None
    loss_reason: str | None = None
    activities: tuple[Activity, ...] = ()
    dues: tuple[Due, ...] = ()  # still to come, in order
    breaches: tuple[Due, ...] = ()
    opening: str = ""  # digest of the request that opened it
    assumed: bool = False  # a report came before the opening did
    customer: str | None = None  # whom the lead turned out to be, heard before the deal was opened

    @property
    def entered_at(self) -> datetime | None:
        return self.visits[-1].at if self.visits else None


# --- what only we ourselves remember ---------------------------------------------------------------------------------


class Dated(State, frozen=True):
    """A change of business time `at` said these fields."""

    at: datetime
    names: tuple[str, ...] = ()


class FieldsKept(State, frozen=True):
    fields: Mapping[str, Any]


class VisitsKept(State, frozen=True):
    """`at`: when the latest was entered; None when it was a stay of the past, or is not dated."""

    visits: tuple[Visit, ...]
    at: datetime | None


class OpeningKept(State, frozen=True):
    """Which request opened it, when, with which fields."""

    digest: str
    assumed: bool
    at: datetime | None
    names: tuple[str, ...] = ()


class DuesSet(State, frozen=True):
    dues: tuple[Due, ...]


class CustomerKept(State, frozen=True):
    customer_id: str


class ActivityKept(State, frozen=True):
    activity: Activity


# --- evolve ----------------------------------------------------------------------------------------------------------


def evolve(state: Opportunity, event: Any) -> Opportunity:
    step = STEPS.get(type(event))
    return state if step is None else step(state, event)


def _deal(state: Opportunity, event: OpportunityRevised | StageEntered) -> Opportunity:
    return replace(state, deal=event.opportunity)


def _opened(state: Opportunity, event: OpportunityOpened) -> Opportunity:
    return replace(state, deal=event.opportunity, status="open")


def _won(state: Opportunity, event: OpportunityWon) -> Opportunity:
    return replace(state, deal=event.opportunity, status="won", closed_at=event.closed_at,
                   stage_before=event.stage_before, loss_reason=None)


def _lost(state: Opportunity, event: OpportunityLost) -> Opportunity:
    return replace(state, deal=event.opportunity, status="lost", closed_at=event.closed_at,
                   stage_before=event.stage_before, loss_reason=event.loss_reason)


def _reopened(state: Opportunity, event: OpportunityReopened) -> Opportunity:
    return replace(state, deal=event.opportunity, status="open", closed_at=None, stage_before=None, loss_reason=None)


def _dated(state: Opportunity, event: Dated) -> Opportunity:
    return replace(state, changed_at=_latest(state, event.at), clocks=_clocks(state, event.at, event.names))


def _latest(state: Opportunity, at: datetime | None) -> datetime | None:
    return at if state.changed_at is None or (at is not None and at > state.changed_at) else state.changed_at


def _clocks(state: Opportunity, at: datetime | None, names: tuple[str, ...]) -> Mapping[str, datetime]:
    return state.clocks if at is None or not names else {**state.clocks, **dict.fromkeys(names, at)}


def _fields_kept(state: Opportunity, event: FieldsKept) -> Opportunity:
    return replace(state, fields=event.fields)


def _visits_kept(state: Opportunity, event: VisitsKept) -> Opportunity:
    return replace(state, visits=_bounded(event.visits), changed_at=_latest(state, event.at))


def _bounded(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """Drops the earliest visit that is no first entry of its stage when there are too many."""
    if len(visits) <= MAX_VISITS:
        return visits
    stages = [v.stage for v in visits]
    place = next(i for i, stage in enumerate(stages) if stage in stages[:i])
    return visits[:place] + visits[place + 1:]


def _opening_kept(state: Opportunity, event: OpeningKept) -> Opportunity:
    return replace(state, opening=event.digest, assumed=event.assumed, changed_at=_latest(state, event.at),
                   clocks=_clocks(state, event.at, event.names))


def _dues_set(state: Opportunity, event: DuesSet) -> Opportunity:
    return replace(state, dues=event.dues)


def _breached(state: Opportunity, event: SlaBreached) -> Opportunity:
    found = tuple(d for d in state.dues if (d.stage, d.at, d.level) == (event.stage, event.due_at, event.level))
    return replace(state, dues=tuple(d for d in state.dues if d not in found),
                   breaches=(state.breaches + found)[-MAX_BREACHES:])


def _retracted(state: Opportunity, event: SlaRetracted) -> Opportunity:
    gone = (event.stage, event.due_at, event.level)
    return replace(state, breaches=tuple(d for d in state.breaches if (d.stage, d.at, d.level) != gone))


def _customer_kept(state: Opportunity, event: CustomerKept) -> Opportunity:
    return replace(state, customer=event.customer_id)


def _activity_kept(state: Opportunity, event: ActivityKept) -> Opportunity:
    others = [a for a in state.activities if a.id != event.activity.id]
    kept = sorted([*others, event.activity], key=lambda a: (a.at, a.id))[-MAX_ACTIVITIES:]
    return replace(state, activities=tuple(kept))


STEPS: Mapping[type, Callable[[Opportunity, Any], Opportunity]] = {
    OpportunityOpened: _opened, OpportunityRevised: _deal, StageEntered: _deal, OpportunityWon: _won,
    OpportunityLost: _lost, OpportunityReopened: _reopened, SlaBreached: _breached, SlaRetracted: _retracted,
    Dated: _dated, FieldsKept: _fields_kept, VisitsKept: _visits_kept, OpeningKept: _opening_kept, DuesSet: _dues_set,
    ActivityKept: _activity_kept,
    CustomerKept: _customer_kept,
}


# --- time, index -----------------------------------------------------------------------------------------------------


def wake_at(state: Opportunity) -> datetime | None:
    return state.dues[0].at if state.dues else None


INDEX: Mapping[str, type] = {
    "business_line": str, "pipeline": str, "stage": str, "status": str, "rep_id": str, "team": str, "region": str,
    "customer_id": str, "lead_id": str, "amount_minor": int, "currency": str, "expected_close_on": str,
    "opened_on": str, "closed_on": str, "stage_entered_at": str, "due_at": str, "updated": str,
}
INDEXES: tuple[tuple[str, ...], ...] = (
    ("status", "updated"), ("business_line", "status", "stage"), ("pipeline", "status", "stage"),
    ("rep_id", "status"), ("customer_id",), ("lead_id",), ("status", "amount_minor"),
)


def index(state: Opportunity, zone: tzinfo) -> Mapping[str, Scalar]:
    """Days are local days of the company's zone. A document that is no deal yet has no status and is never listed."""
    deal = state.deal
    if deal is None:
        return {}
    return {
        "business_line": deal.business_line, "pipeline": deal.pipeline, "stage": deal.stage, "status": state.status,
        "rep_id": deal.rep_id, "team": deal.team, "region": deal.region, "customer_id": deal.customer_id,
        "lead_id": deal.lead_id, "amount_minor": deal.amount.amount_minor if deal.amount else None,
        "currency": deal.amount.currency if deal.amount else None,
        "expected_close_on": deal.expected_close_on.isoformat() if deal.expected_close_on else None,
        "opened_on": local_day(deal.opened_at, zone), "closed_on": local_day(state.closed_at, zone),
        "stage_entered_at": instant(state.entered_at), "due_at": instant(_first_due(state)),
        "updated": instant(state.changed_at),
    }


def _first_due(state: Opportunity) -> datetime | None:
    """The first deadline of the present stay, missed or still to come."""
    if state.status != "open":
        return None
    stay = [d.at for d in state.breaches if (d.stage, d.entered_at) == (state.visits[-1].stage, state.entered_at)]
    return min([*stay, *(d.at for d in state.dues)], default=None)


def local_day(at: datetime | None, zone: tzinfo) -> str | None:
    if at is None:
        return None
    if at.tzinfo is not UTC or at.year < 1973:
        return at.astimezone(zone).date().isoformat()
    return _day_of_quarter(at.toordinal(), at.hour, at.minute // 15, zone)


@lru_cache(maxsize=100_000)
def _day_of_quarter(day: int, hour: int, quarter: int, zone: tzinfo) -> str:
    """A day begins at a full quarter of an hour of UTC everywhere since 1972, and asking a zone takes its time."""
    at = datetime.fromordinal(day).replace(hour=hour, minute=quarter * 15, tzinfo=UTC)
    return at.astimezone(zone).date().isoformat()


@lru_cache(maxsize=4096)  # one and the same moment is asked for more than once with every event of a deal
def instant(at: datetime | None) -> str | None:
    """UTC with microseconds, so that texts sort as times do."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")[:26] + "Z"
