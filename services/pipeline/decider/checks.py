"""Why a transition may not be made: every reason at once, none of them found twice."""
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.pipeline import Reason
from services.pipeline.commands import RequestTransition
from services.pipeline.decider.values import facts, is_empty, values_of
from services.pipeline.definitions import LOSS_REASON, Blueprint, Requirement, Transition, holds, misfit
from services.pipeline.definitions.fields import ACTIVITIES, LOSS_LABEL
from services.pipeline.definitions.schema import FieldForm, Title
from services.pipeline.state import Opportunity

NO_LONGER_OPEN = ("won", "lost")


def pointer(*steps: str) -> str:
    return "".join("/" + s.replace("~", "~0").replace("/", "~1") for s in steps)


def reasons_against(
    blueprint: Blueprint, state: Opportunity, stage: str, command: RequestTransition,
) -> tuple[Reason, ...]:
    """`stage` is the one the deal is in at the time of the command. Empty: the transition may be made."""
    found = list(_out_of_order(state, command))
    transition = blueprint.transitions.get(command.transition)
    if transition is None or (stage, transition.name) not in blueprint.table:
        return (*found, _not_from_here(blueprint, state, stage, command.transition))
    return (*found, *still_open(blueprint, state, transition, command))


def still_open(
    blueprint: Blueprint, state: Opportunity, transition: Transition, command: RequestTransition,
) -> Iterator[Reason]:
    """What has to be done yet, once the transition does start from the stage."""
    given = command.fields
    yield from _given_wrongly(blueprint, given)
    required = blueprint.required[transition.name]
    values: Mapping[str, Any] = {}
    if required or transition.criteria is not None:  # else nobody asks for them
        values = {n: v for n, v in (values_of(state) | dict(given)).items() if v is not None}
    for requirement in required:
        yield from _field(blueprint, requirement, values)
    yield from _actions(blueprint, state, transition)
    yield from _checklist(transition, command.checklist)
    yield from _criteria(transition, values)
    if blueprint.stages[transition.to].type == "lost":
        yield from _loss_reason(blueprint, given)


def _out_of_order(state: Opportunity, command: RequestTransition) -> Iterator[Reason]:
    if not command.backfill and state.changed_at is not None and command.at < state.changed_at:
        yield Reason(code="out_of_order", path="/occurred_at",
                     message=f"The deal was changed later than that, at {state.changed_at.isoformat()}.")


def _not_from_here(blueprint: Blueprint, state: Opportunity, stage: str, wanted: str) -> Reason:
    allowed = ", ".join(t.name for t in blueprint.leaving(stage)) or "none"
    if state.status in NO_LONGER_OPEN:
        return Reason(code="already_closed", path="/transition",
                      message=f"The deal is {state.status}; from there: {allowed}.")
    known = "does not start from" if wanted in blueprint.transitions else "is no transition of the blueprint; from"
    return Reason(code="not_from_this_stage", path="/transition",
                  message=f"{wanted!r} {known} stage {stage!r}. Allowed: {allowed}.")


def _given_wrongly(blueprint: Blueprint, given: Mapping[str, Any]) -> Iterator[Reason]:
    for name, value in given.items():
        if name == LOSS_REASON:
            continue
        form = blueprint.fields.get(name)
        if form is None:
            yield Reason(code="field_unknown", path=pointer("fields", name), message=f"There is no field {name!r}.",
                         params={"name": name})
        elif (wrong := misfit(form, value)) is not None:
            yield Reason(code="field_invalid", path=pointer("fields", name), message=f"{form.label.en} {wrong}.",
                         params=about(form))


def _field(blueprint: Blueprint, requirement: Requirement, values: Mapping[str, Any]) -> Iterator[Reason]:
    name, form = requirement.field, blueprint.fields[requirement.field]
    path = pointer("fields", name)
    if is_empty(values.get(name)):
        yield _own("field_required", path, requirement.message, f"{form.label.en} is needed.", about(form))
    elif misfit(form, values[name]) is not None or requirement.check is None:
        return  # ill-typed values are told with those that were given
    elif not holds(requirement.check, facts(values)):
        yield _own("field_invalid", path, requirement.message, f"{form.label.en} is refused.",
                   {"label": form.label.told()})


def _actions(blueprint: Blueprint, state: Opportunity, transition: Transition) -> Iterator[Reason]:
    for action in transition.actions:
        done = actions_done(blueprint, state, action.kind)
        if done < action.count:
            yield Reason(
                code="action_missing", path=pointer("actions", action.kind),
                message=f"{action.kind}: {done} of {action.count} done since the stage was entered.",
                params={"activity": ACTIVITIES[action.kind], "done": done, "count": action.count},
            )


def actions_done(blueprint: Blueprint, state: Opportunity, kind: str) -> int:
    """Those since the present stay began; in the first stay, what was done with the lead too, if the line says so."""
    since = state.entered_at
    early = blueprint.count_lead_activities and len(state.visits) == 1
    return sum(
        a.kind == kind and not a.voided and (since is None or a.at >= since or (early and a.on_lead))
        for a in state.activities
    )


def _checklist(transition: Transition, ticked: tuple[str, ...]) -> Iterator[Reason]:
    for item in transition.checklist:
        if item.name not in ticked:
            yield Reason(code="checklist_open", path=pointer("checklist", item.name), message=item.title.en,
                         params={"says": item.title.told()})


def _criteria(transition: Transition, values: Mapping[str, Any]) -> Iterator[Reason]:
    if transition.criteria is not None and not holds(transition.criteria, facts(values)):
        yield _own("criteria_not_met", "/transition", transition.criteria_message,
                   "The deal does not meet what this transition asks for.", {})


def _loss_reason(blueprint: Blueprint, given: Mapping[str, Any]) -> Iterator[Reason]:
    path, value = pointer("fields", LOSS_REASON), given.get(LOSS_REASON)
    names = [o.name for o in blueprint.loss_reasons]
    if is_empty(value):
        yield Reason(code="loss_reason_required", path=path, message=f"Say why: one of {', '.join(names)}.")
    elif value not in names:
        yield Reason(code="field_invalid", path=path, message=f"The loss reason is none of {', '.join(names)}.",
                     params={"label": LOSS_LABEL, "type": "choice"})


def _own(code: str, path: str, title: Title | None, message: str, params: Mapping[str, Any]) -> Reason:
    """In the words of the blueprint, where it has some."""
    if title is None:
        return Reason(code=code, path=path, message=message, params=params or None)
    return Reason(code=code, path=path, message=title.en, params={**params, "says": title.told()})


def about(form: FieldForm) -> dict[str, Any]:
    return {"label": form.label.told(), "type": form.type}
