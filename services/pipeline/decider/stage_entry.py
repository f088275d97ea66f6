"""How a deal enters a stage: what is published, in which order, and what is taken back."""
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
from services.pipeline.decider.story import Story
from services.pipeline.decider.values import ABOUT, with_values
from services.pipeline.definitions import Stage
from services.pipeline.state import Dated, Due, DuesSet, FieldsKept, Opportunity, Visit, VisitsKept

NOT_RECORDED = "not_recorded"
LAYOUT = "fields."  # how the clocks name a field of the layout


class Move(State, frozen=True):
    """`at` None: on a day that is not known. `live` false: history, which never gets a deadline."""

    to: str
    at: datetime | None
    said_at: datetime
    live: bool
    actor: str | None
    transition: str | None = None
    outside: bool = False
    loss_reason: str | None = None
    category: Any = None


def merge(story: Story, at: datetime, about: Changes, fields: Changes, actor: str | None) -> None:
    """Each field takes what was said of it last in business time; the deal as it was goes out beside the new one."""
    if not about and not fields:
        return
    clocks, before = story.state.clocks, story.deal
    newer = {n: v for n, v in about.items() if n in ABOUT and (n not in clocks or at >= clocks[n])}
    known = story.blueprint.fields
    kept = {n: v for n, v in fields.items()
            if n in known and n not in ABOUT and (LAYOUT + n not in clocks or at >= clocks[LAYOUT + n])}
    deal = with_values(before, story.blueprint, newer)
    after = {n: v for n, v in (dict(story.state.fields) | kept).items() if v is not None}
    refilled = after != dict(story.state.fields)
    if deal != before or refilled:
        story.tell(OpportunityRevised(opportunity_id=story.id, opportunity=deal, before=before, actor_id=actor))
    if refilled:
        story.tell(FieldsKept(after))
    if newer or kept:
        story.tell(Dated(at, (*newer, *(LAYOUT + n for n in kept))))


def move(story: Story, move: Move) -> None:
    """Into another stage, or, when the deal has moved on since, into its past."""
    place = _place(story.state.visits, move.at)
    if place == len(story.state.visits):
        enter(story, move)
    else:
        _remember(story, move, place)


def enter(story: Story, move: Move) -> None:
    before, state, stage = story.deal, story.state, story.blueprint.stages[move.to]
    deal = replace(before, stage=move.to, forecast_category=move.category or stage.forecast_category)
    if state.closed_at is not None:
        story.tell(OpportunityReopened(
            opportunity_id=story.id, opportunity=deal, before=before, won=state.status == "won",
            closed_at=state.closed_at, stage_before=state.stage_before, loss_reason=state.loss_reason,
            actor_id=move.actor,
        ))
    left = state.visits[-1] if state.visits else None
    story.tell(
        StageEntered(
            opportunity_id=story.id, opportunity=deal, from_=left.stage if left else None, to=move.to,
            transition=move.transition, actor_id=move.actor, from_entered_at=left.at if left else None,
            outside_blueprint=move.outside,
        ),
        VisitsKept((*state.visits, Visit(move.to, move.at)), move.at),
    )
    if left is not None:
        _take_back(story, left, move.at)
    if stage.type != "open":
        _close(story, move, stage, state)
    dues = _dues(stage, move)
    if dues != story.state.dues:
        story.tell(DuesSet(dues))


def _close(story: Story, move: Move, stage: Stage, was: Opportunity) -> None:
    """`stage_before` is the last open stage, even when a won deal turns out to be a lost one."""
    before = was.stage_before if was.closed_at is not None else (was.visits[-1].stage if was.visits else None)
    at = move.at or move.said_at
    if stage.type == "won":
        story.tell(OpportunityWon(opportunity_id=story.id, opportunity=story.deal, closed_at=at, stage_before=before,
                                  actor_id=move.actor))
    else:
        story.tell(OpportunityLost(opportunity_id=story.id, opportunity=story.deal, closed_at=at, stage_before=before,
                                   loss_reason=move.loss_reason or NOT_RECORDED, actor_id=move.actor))


def _dues(stage: Stage, move: Move) -> tuple[Due, ...]:
    """History never breaches: only what enters a stage live gets a deadline."""
    at = move.at
    if at is None or not move.live:
        return ()
    return tuple(Due(stage.name, at, at + level.after, level.level) for level in stage.sla)


# --- what is heard late ----------------------------------------------------------------------------------------------


def _place(visits: Sequence[Visit], at: datetime | None) -> int:
    """After every stay that began no later; an undated one goes to the end."""
    if at is None or not visits or ((last := visits[-1].at) is not None and last <= at):
        return len(visits)
    later = (i for i, v in enumerate(visits) if v.at is not None and v.at > at)
    return next(later, len(visits))


def stage_at(state: Opportunity, at: datetime) -> str | None:
    place = _place(state.visits, at)
    return state.visits[place - 1].stage if place else None


def _remember(story: Story, move: Move, place: int) -> None:
    """A stay that lies before the present one: it counts as entered, and the deal stays where it is."""
    visits = story.state.visits
    left = visits[place - 1] if place else None
    if move.to in (left.stage if left else None, visits[place].stage):
        return  # that stay is known already, one of its two reports only names another moment
    story.tell(
        StageEntered(
            opportunity_id=story.id, opportunity=story.deal, from_=left.stage if left else None, to=move.to,
            transition=move.transition, actor_id=move.actor, from_entered_at=left.at if left else None,
            outside_blueprint=move.outside,
        ),
        VisitsKept((*visits[:place], Visit(move.to, move.at), *visits[place:]), None),
    )
    if left is not None:
        _take_back(story, left, move.at)


def _take_back(story: Story, left: Visit, at: datetime | None) -> None:
    """Breaches of a stay that, as is heard now, had ended before they were due."""
    for due in story.state.breaches:
        if at is not None and (due.stage, due.entered_at) == (left.stage, left.at) and at <= due.at:
            story.tell(SlaRetracted(opportunity_id=story.id, opportunity=story.deal, stage=due.stage, due_at=due.at,
                                    level=due.level))
