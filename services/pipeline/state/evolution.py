"""Event handlers of the opportunity: each returns the state after its event."""
from collections.abc import Mapping
from datetime import datetime

from chassis.domain.decider import replace
from chassis.domain.decision import EventHandlers
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
from services.pipeline.state.events import (
    ActivityInvalidated,
    ActivityRecorded,
    CustomerNamed,
    FieldsDated,
    LayoutFieldsChanged,
    OpeningRecorded,
    StageDeadlinesLapsed,
    StageDeadlinesSet,
    StageVisitRecorded,
)
from services.pipeline.state.model import (
    MAX_ACTIVITIES,
    MAX_BREACHES,
    MAX_VISITS,
    OpportunityState,
    RecordedActivity,
    StageVisit,
)


def _deal_changed(state: OpportunityState, event: OpportunityRevised | StageEntered) -> OpportunityState:
    return replace(state, deal=event.opportunity)


def _opened(state: OpportunityState, event: OpportunityOpened) -> OpportunityState:
    return replace(state, deal=event.opportunity, status="open")


def _won(state: OpportunityState, event: OpportunityWon) -> OpportunityState:
    return replace(state, deal=event.opportunity, status="won", closed_at=event.closed_at,
                   stage_before=event.stage_before, loss_reason=None)


def _lost(state: OpportunityState, event: OpportunityLost) -> OpportunityState:
    return replace(state, deal=event.opportunity, status="lost", closed_at=event.closed_at,
                   stage_before=event.stage_before, loss_reason=event.loss_reason)


def _reopened(state: OpportunityState, event: OpportunityReopened) -> OpportunityState:
    return replace(state, deal=event.opportunity, status="open", closed_at=None, stage_before=None, loss_reason=None)


def _opening_recorded(state: OpportunityState, event: OpeningRecorded) -> OpportunityState:
    return replace(state, opening=event.digest, assumed=event.assumed, changed_at=_latest(state, event.at),
                   clocks=_clocks(state, event.at, event.names))


def _fields_dated(state: OpportunityState, event: FieldsDated) -> OpportunityState:
    return replace(state, changed_at=_latest(state, event.at), clocks=_clocks(state, event.at, event.names))


def _latest(state: OpportunityState, at: datetime | None) -> datetime | None:
    return at if state.changed_at is None or (at is not None and at > state.changed_at) else state.changed_at


def _clocks(state: OpportunityState, at: datetime | None, names: tuple[str, ...]) -> Mapping[str, datetime]:
    return state.clocks if at is None or not names else {**state.clocks, **dict.fromkeys(names, at)}


def _layout_fields_changed(state: OpportunityState, event: LayoutFieldsChanged) -> OpportunityState:
    return replace(state, fields={n: v for n, v in {**state.fields, **event.changes}.items() if v is not None})


def _visit_recorded(state: OpportunityState, event: StageVisitRecorded) -> OpportunityState:
    visits, position = state.visits, event.position
    if position == len(visits):
        return replace(state, visits=_bounded((*visits, event.visit)), changed_at=_latest(state, event.visit.at))
    return replace(state, visits=_bounded((*visits[:position], event.visit, *visits[position:])),
                   changed_at=_latest(state, None))


def _bounded(visits: tuple[StageVisit, ...]) -> tuple[StageVisit, ...]:
    """Without the earliest repeated visit of a stage when there are too many."""
    if len(visits) <= MAX_VISITS:
        return visits
    stages = [v.stage for v in visits]
    repeated = next(i for i, stage in enumerate(stages) if stage in stages[:i])
    return visits[:repeated] + visits[repeated + 1:]


def _deadlines_set(state: OpportunityState, event: StageDeadlinesSet) -> OpportunityState:
    return replace(state, dues=event.deadlines)


def _deadlines_lapsed(state: OpportunityState, event: StageDeadlinesLapsed) -> OpportunityState:
    return replace(state, dues=tuple(d for d in state.dues if d.at > event.until))


def _breached(state: OpportunityState, event: SlaBreached) -> OpportunityState:
    found = tuple(d for d in state.dues if (d.stage, d.at, d.level) == (event.stage, event.due_at, event.level))
    return replace(state, dues=tuple(d for d in state.dues if d not in found),
                   breaches=(state.breaches + found)[-MAX_BREACHES:])


def _retracted(state: OpportunityState, event: SlaRetracted) -> OpportunityState:
    retracted = (event.stage, event.due_at, event.level)
    return replace(state, breaches=tuple(d for d in state.breaches if (d.stage, d.at, d.level) != retracted))


def _customer_named(state: OpportunityState, event: CustomerNamed) -> OpportunityState:
    return replace(state, customer=event.customer_id)


def _activity_recorded(state: OpportunityState, event: ActivityRecorded) -> OpportunityState:
    return _with_activity(state, event.activity)


def _activity_invalidated(state: OpportunityState, event: ActivityInvalidated) -> OpportunityState:
    known = next((a for a in state.activities if a.id == event.activity_id), None)
    return _with_activity(state, replace(known or RecordedActivity(event.activity_id, "", event.at), voided=True))


def _with_activity(state: OpportunityState, activity: RecordedActivity) -> OpportunityState:
    others = [a for a in state.activities if a.id != activity.id]
    latest = sorted([*others, activity], key=lambda a: (a.at, a.id))[-MAX_ACTIVITIES:]
    return replace(state, activities=tuple(latest))


EVENTS: EventHandlers[OpportunityState] = {
    OpportunityOpened: _opened,
    OpportunityRevised: _deal_changed,
    StageEntered: _deal_changed,
    OpportunityWon: _won,
    OpportunityLost: _lost,
    OpportunityReopened: _reopened,
    SlaBreached: _breached,
    SlaRetracted: _retracted,
    OpeningRecorded: _opening_recorded,
    FieldsDated: _fields_dated,
    LayoutFieldsChanged: _layout_fields_changed,
    StageVisitRecorded: _visit_recorded,
    StageDeadlinesSet: _deadlines_set,
    StageDeadlinesLapsed: _deadlines_lapsed,
    CustomerNamed: _customer_named,
    ActivityRecorded: _activity_recorded,
    ActivityInvalidated: _activity_invalidated,
}
