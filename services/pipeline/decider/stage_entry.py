"""Stage entry: which events are emitted, in which order, and which breaches are retracted."""
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.domain.decider import State, replace
from contracts.pipeline import (
    OpportunityLost,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    SlaRetracted,
    StageEntered,
)
from services.pipeline.commands import Changes
from services.pipeline.decider.deal_decision import DealDecision
from services.pipeline.decider.values import DEAL_FIELDS, with_values
from services.pipeline.definitions.model import StageDefinition
from services.pipeline.state.events import FieldsDated, LayoutFieldsChanged, StageDeadlinesSet, StageVisitRecorded
from services.pipeline.state.model import OpportunityState, StageDeadline, StageVisit

NOT_RECORDED = "not_recorded"
LAYOUT_PREFIX = "fields."  # of layout fields among the clocks


class StageChange(State, frozen=True):
    """`at` None: on an unknown day. `live` false: history, which never gets a deadline."""

    to: str
    at: datetime | None
    received_at: datetime
    live: bool
    actor: str | None
    transition: str | None = None
    outside: bool = False
    loss_reason: str | None = None
    category: Any = None


def revise_deal(decision: DealDecision, at: datetime, about: Changes, fields: Changes, actor: str | None) -> None:
    """Sets each field whose value is the latest in business time; the event carries the deal before and after."""
    if not about and not fields:
        return
    clocks, before = decision.state.clocks, decision.deal
    newer = {n: v for n, v in about.items() if n in DEAL_FIELDS and (n not in clocks or at >= clocks[n])}
    known = decision.blueprint.fields
    layout = {n: v for n, v in fields.items()
              if n in known and n not in DEAL_FIELDS
              and (LAYOUT_PREFIX + n not in clocks or at >= clocks[LAYOUT_PREFIX + n])}
    deal = with_values(before, decision.blueprint, newer)
    held = decision.state.fields
    layout_changed = any(held.get(n) != v for n, v in layout.items())
    if deal != before or layout_changed:
        decision.emit(OpportunityRevised(
            opportunity_id=decision.id, opportunity=deal, before=before, actor_id=actor))
    if layout_changed:
        decision.emit(LayoutFieldsChanged(layout))
    if newer or layout:
        decision.emit(FieldsDated(at, (*newer, *(LAYOUT_PREFIX + n for n in layout))))


def change_stage(decision: DealDecision, change: StageChange) -> None:
    """Enters another stage, or adds a stay to the past when the deal has moved on since."""
    position = _position(decision.state.visits, change.at)
    if position == len(decision.state.visits):
        _enter(decision, change)
    else:
        _add_past_visit(decision, change, position)


def _enter(decision: DealDecision, change: StageChange) -> None:
    before, state, stage = decision.deal, decision.state, decision.blueprint.stages[change.to]
    deal = replace(before, stage=change.to, forecast_category=change.category or stage.forecast_category)
    if state.closed_at is not None:
        decision.emit(OpportunityReopened(
            opportunity_id=decision.id, opportunity=deal, before=before, won=state.status == "won",
            closed_at=state.closed_at, stage_before=state.stage_before, loss_reason=state.loss_reason,
            actor_id=change.actor,
        ))
    left = state.visits[-1] if state.visits else None
    _emit_entry(decision, change, deal, left, len(state.visits))
    if stage.type != "open":
        _close(decision, change, stage, state)
    deadlines = _deadlines(stage, change)
    if deadlines != decision.state.dues:
        decision.emit(StageDeadlinesSet(deadlines))


def _emit_entry(
    decision: DealDecision, change: StageChange, deal: Any, left: StageVisit | None, position: int,
) -> None:
    decision.emit(
        StageEntered(
            opportunity_id=decision.id, opportunity=deal, from_=left.stage if left else None, to=change.to,
            transition=change.transition, actor_id=change.actor, from_entered_at=left.at if left else None,
            outside_blueprint=change.outside,
        ),
        StageVisitRecorded(StageVisit(change.to, change.at), position),
    )
    if left is not None:
        _retract_breaches(decision, left, change.at)


def _close(decision: DealDecision, change: StageChange, stage: StageDefinition, was: OpportunityState) -> None:
    """`stage_before` is the last open stage, also when a won deal turns out to be lost."""
    before = was.stage_before if was.closed_at is not None else (was.visits[-1].stage if was.visits else None)
    at = change.at or change.received_at
    if stage.type == "won":
        decision.emit(OpportunityWon(
            opportunity_id=decision.id, opportunity=decision.deal, closed_at=at, stage_before=before,
            actor_id=change.actor))
    else:
        decision.emit(OpportunityLost(
            opportunity_id=decision.id, opportunity=decision.deal, closed_at=at, stage_before=before,
            loss_reason=change.loss_reason or NOT_RECORDED, actor_id=change.actor))


def _deadlines(stage: StageDefinition, change: StageChange) -> tuple[StageDeadline, ...]:
    """Only a stage entered live has deadlines: history never breaches."""
    at = change.at
    if at is None or not change.live:
        return ()
    return tuple(StageDeadline(stage.name, at, at + level.after, level.level) for level in stage.sla)


# --- late reports ----------------------------------------------------------------------------------------------------


def _position(visits: Sequence[StageVisit], at: datetime | None) -> int:
    """Index after every stay that began no later; an undated one is the last."""
    if at is None or not visits or ((last := visits[-1].at) is not None and last <= at):
        return len(visits)
    later = (i for i, v in enumerate(visits) if v.at is not None and v.at > at)
    return next(later, len(visits))


def stage_at(state: OpportunityState, at: datetime) -> str | None:
    position = _position(state.visits, at)
    return state.visits[position - 1].stage if position else None


def _add_past_visit(decision: DealDecision, change: StageChange, position: int) -> None:
    """The stay counts as entered; the deal remains in its present stage."""
    visits = decision.state.visits
    left = visits[position - 1] if position else None
    if change.to in (left.stage if left else None, visits[position].stage):
        return  # a second report of a known stay, with another time
    _emit_entry(decision, change, decision.deal, left, position)


def _retract_breaches(decision: DealDecision, left: StageVisit, at: datetime | None) -> None:
    """Breaches of a stay that ended before they were due, as a late report shows."""
    for due in decision.state.breaches:
        if at is not None and (due.stage, due.entered_at) == (left.stage, left.at) and at <= due.at:
            decision.emit(SlaRetracted(
                opportunity_id=decision.id, opportunity=decision.deal, stage=due.stage, due_at=due.at,
                level=due.level))
