"""Checks of a transition: every reason against it, each found once."""
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.pipeline import Reason
from services.pipeline.commands import RequestTransition
from services.pipeline.decider.refusals import (
    action_missing,
    field_invalid,
    field_required,
    field_unknown,
    loss_reason_invalid,
    loss_reason_required,
    own_text,
    pointer,
    refusal,
)
from services.pipeline.decider.values import facts, is_empty, values_of
from services.pipeline.definitions.fields import LOSS_REASON, misfit
from services.pipeline.definitions.model import BlueprintDefinition, RequirementDefinition, TransitionDefinition
from services.pipeline.state.model import OpportunityState

CLOSED = ("won", "lost")


def transition_reasons(
    blueprint: BlueprintDefinition, state: OpportunityState, stage: str, command: RequestTransition,
) -> tuple[Reason, ...]:
    """`stage` is the one the deal is in at the time of the command. Empty: the transition is allowed."""
    found = list(_out_of_order(state, command))
    transition = blueprint.transitions.get(command.transition)
    if transition is None or (stage, transition.name) not in blueprint.table:
        return (*found, _not_from_here(blueprint, state, stage, command.transition))
    return (*found, *_unmet(blueprint, state, transition, command))


def _out_of_order(state: OpportunityState, command: RequestTransition) -> Iterator[Reason]:
    if not command.backfill and state.changed_at is not None and command.at < state.changed_at:
        yield refusal("out_of_order", "/occurred_at", changed_at=state.changed_at.isoformat())


def _not_from_here(blueprint: BlueprintDefinition, state: OpportunityState, stage: str, wanted: str) -> Reason:
    allowed = [t.name for t in blueprint.leaving(stage)]
    if state.status in CLOSED:
        return refusal("already_closed", "/transition", status=state.status, allowed=allowed)
    text = None if wanted in blueprint.transitions else "unknown_transition"
    return refusal("not_from_this_stage", "/transition", text=text, transition=wanted, stage=stage, allowed=allowed)


def _unmet(
    blueprint: BlueprintDefinition, state: OpportunityState, transition: TransitionDefinition,
    command: RequestTransition,
) -> Iterator[Reason]:
    """Requirements of a transition that does start from the stage."""
    given = command.fields
    yield from _invalid_values(blueprint, given)
    required = blueprint.required[transition.name]
    values: Mapping[str, Any] = {}
    if required or transition.criteria is not None:
        values = {n: v for n, v in (values_of(state) | dict(given)).items() if v is not None}
    for requirement in required:
        yield from _requirement(blueprint, requirement, values)
    yield from _actions(blueprint, state, transition)
    yield from _checklist(transition, command.checklist)
    yield from _criteria(transition, values)
    if blueprint.stages[transition.to].type == "lost":
        yield from _loss_reason(blueprint, given)


def _invalid_values(blueprint: BlueprintDefinition, given: Mapping[str, Any]) -> Iterator[Reason]:
    for name, value in given.items():
        if name == LOSS_REASON:
            continue
        form = blueprint.fields.get(name)
        if form is None:
            yield field_unknown(name)
        elif (problem := misfit(form, value)) is not None:
            yield field_invalid(form, problem)


def _requirement(
    blueprint: BlueprintDefinition, requirement: RequirementDefinition, values: Mapping[str, Any],
) -> Iterator[Reason]:
    name, form = requirement.field, blueprint.fields[requirement.field]
    if is_empty(values.get(name)):
        yield own_text(field_required(form), requirement.message)
    elif misfit(form, values[name]) is not None or requirement.check is None:
        return  # values of the wrong type are reported by `_invalid_values`
    elif not requirement.check.is_met(facts(values)):
        failed = refusal("field_invalid", pointer("fields", name), label=form.label)
        yield own_text(failed, requirement.message)


def _actions(
    blueprint: BlueprintDefinition, state: OpportunityState, transition: TransitionDefinition,
) -> Iterator[Reason]:
    for action in transition.actions:
        done = actions_done(blueprint, state, action.kind)
        if done < action.count:
            yield action_missing(action.kind, done, action.count)


def actions_done(blueprint: BlueprintDefinition, state: OpportunityState, kind: str) -> int:
    """Activities since the present stay began; in the first stay also those on the lead, if the line counts them."""
    since = state.entered_at
    on_lead_counts = blueprint.count_lead_activities and len(state.visits) == 1
    return sum(
        a.kind == kind and not a.voided and (since is None or a.at >= since or (on_lead_counts and a.on_lead))
        for a in state.activities
    )


def _checklist(transition: TransitionDefinition, confirmed: tuple[str, ...]) -> Iterator[Reason]:
    for item in transition.checklist:
        if item.name not in confirmed:
            path = pointer("checklist", item.name)
            yield Reason(code="checklist_open", path=path, message=item.title["en"], params={"says": item.title})


def _criteria(transition: TransitionDefinition, values: Mapping[str, Any]) -> Iterator[Reason]:
    if transition.criteria is not None and not transition.criteria.is_met(facts(values)):
        yield own_text(refusal("criteria_not_met", "/transition"), transition.criteria_message)


def _loss_reason(blueprint: BlueprintDefinition, given: Mapping[str, Any]) -> Iterator[Reason]:
    value, names = given.get(LOSS_REASON), [o.name for o in blueprint.loss_reasons]
    if is_empty(value):
        yield loss_reason_required(names)
    elif value not in names:
        yield loss_reason_invalid(names)
