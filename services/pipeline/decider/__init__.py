"""What happens when something is asked of an opportunity. Pure: no I/O, no clock, no chance."""
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chassis.domain.decider import Decider, Told, Wake, changed
from contracts.pipeline import Reason, SlaBreached, TransitionRefused
from services.pipeline.commands import (
    NameCustomer,
    OpenOpportunity,
    RecordActivity,
    ReportStage,
    RequestTransition,
    ReviseOpportunity,
    VoidActivity,
)
from services.pipeline.decider.checks import reasons_against
from services.pipeline.decider.deal_opening import begin, blueprint_for, opening, wrong_fields
from services.pipeline.decider.stage_entry import NOT_RECORDED, Move, merge, move, stage_at
from services.pipeline.decider.story import Story
from services.pipeline.definitions import LOSS_REASON, Blueprint, Book, BusinessLineForm, misfit
from services.pipeline.state import (
    Activity,
    ActivityKept,
    CustomerKept,
    DuesSet,
    Opportunity,
    evolve,
    wake_at,
)

NO_SUCH = Reason(code="no_such_opportunity", path="/opportunity_id", message="There is no deal of this id.")


def decider(book: Book) -> Decider[Any, Opportunity]:
    def decide(command: Any, state: Opportunity) -> Sequence[Any]:
        story = Story(book, state)
        STEPS[type(command)](story, command)
        return Told(story.events, story.state)

    return Decider(decide, evolve, Opportunity, wake_at)


# --- opening, revising -----------------------------------------------------------------------------------------------


def _open_opportunity(story: Story, command: OpenOpportunity) -> None:
    opening(story, command)


def _revise(story: Story, command: ReviseOpportunity) -> None:
    if story.state.deal is None:
        story.decline(NO_SUCH.code, NO_SUCH.message)
    elif wrong := tuple(wrong_fields(story.blueprint, command.fields)):
        story.decline(wrong[0].code, " ".join(r.message for r in wrong))
    else:
        merge(story, command.at, command.about, command.fields, command.actor or None)


def _name_customer(story: Story, command: NameCustomer) -> None:
    """A customer that the deal has is left as it is; before the opening it is kept where a lead may open a deal."""
    deal = story.state.deal
    if deal is None:
        if _opens_by_lead(story.book, command.business_line):
            story.tell(CustomerKept(command.customer_id))
    elif deal.customer_id is None:
        merge(story, command.at, {"customer_id": command.customer_id}, {}, command.actor or None)


# --- moving ----------------------------------------------------------------------------------------------------------


def _request_transition(story: Story, command: RequestTransition) -> None:
    state = story.state
    if state.deal is None:
        _refuse(story, command, (NO_SUCH,))
        return
    blueprint = story.blueprint
    stage = (stage_at(state, command.at) if command.backfill else None) or state.deal.stage
    if reasons := reasons_against(blueprint, state, stage, command):
        _refuse(story, command, reasons)
        return
    fields = {n: v for n, v in command.fields.items() if n != LOSS_REASON}
    merge(story, command.at, fields, fields, command.actor or None)
    move(story, Move(
        to=blueprint.table[stage, command.transition], at=command.at, said_at=command.at, live=command.live,
        actor=command.actor or None, transition=command.transition, loss_reason=command.fields.get(LOSS_REASON),
        category=command.fields.get("forecast_category"),
    ))


def _report_stage(story: Story, command: ReportStage) -> None:
    """Applied as it is. A deal that nobody opened yet is opened by it, if it says of which line it is."""
    if story.state.deal is None:
        _open_by_report(story, command)
        return
    blueprint = story.blueprint
    if command.stage not in blueprint.stages:
        _no_stage(story, command, blueprint)
        return
    actor = command.actor or None
    merge(story, command.at, command.about, _fitting(blueprint, command), actor)
    before = stage_at(story.state, command.at) or ""
    if before != command.stage:
        joins = blueprint.joins(before, command.stage)
        move(story, Move(
            to=command.stage, at=command.at, said_at=command.at, live=command.live, actor=actor,
            transition=joins.name if joins else None, outside=joins is None, loss_reason=_why(command),
        ))


def _open_by_report(story: Story, command: ReportStage) -> None:
    opened = OpenOpportunity(
        at=command.at, live=command.live, actor=command.actor, ref=command.ref, business_line=command.business_line,
        stage=command.stage, about=command.about, fields=command.fields,
    )
    blueprint, _ = blueprint_for(story.book, opened)
    if blueprint is None:
        story.decline(NO_SUCH.code, f"{NO_SUCH.message} The report says too little to open it.")
    elif command.stage not in blueprint.stages:
        _no_stage(story, command, blueprint)
    else:
        fields = {**_fitting(blueprint, command), LOSS_REASON: _why(command)}
        begin(story, blueprint, changed(opened, fields=fields), assumed=True)


def _no_stage(story: Story, command: ReportStage, blueprint: Blueprint) -> None:
    story.decline("unknown_stage", f"{command.stage!r} is no stage of {blueprint.ref}; it could be counted nowhere.")


def _fitting(blueprint: Blueprint, command: ReportStage) -> dict[str, Any]:
    """A report is never refused for a value: what does not fit the layout is left out."""
    known = blueprint.fields
    return {n: v for n, v in command.fields.items() if n in known and misfit(known[n], v) is None}


def _why(command: ReportStage) -> str:
    return command.loss_reason or command.fields.get(LOSS_REASON) or NOT_RECORDED


def _refuse(story: Story, command: RequestTransition, reasons: tuple[Reason, ...]) -> None:
    story.tell(TransitionRefused(
        opportunity_id=story.id, opportunity=story.state.deal, command_id=command.ref, transition=command.transition,
        reasons=reasons, actor_id=command.actor or None,
    ))


# --- activities, deadlines -------------------------------------------------------------------------------------------


def _record_activity(story: Story, command: RecordActivity) -> None:
    """Kept even before the deal is opened: what was done with the lead may count in the first stage."""
    if any(a.id == command.activity_id for a in story.state.activities):
        return
    if story.state.deal is None and command.on_lead and not _may_count(story.book, command.business_line):
        return
    story.tell(ActivityKept(Activity(command.activity_id, command.kind, command.at, command.on_lead)))


def _may_count(book: Book, line: str | None) -> bool:
    """Whether a lead of this line (None: of any) may become a deal whose first stage counts what was done with it."""
    return any(form.count_lead_activities for form in _opens_by_lead(book, line))


def _opens_by_lead(book: Book, line: str | None) -> list[BusinessLineForm]:
    """The lines, of the one named or of all, whose qualified leads become deals."""
    forms = [one.form for one in book.lines.values() if line in (None, one.name)]
    return [form for form in forms if form.opens_on_qualified]


def _void_activity(story: Story, command: VoidActivity) -> None:
    known = next((a for a in story.state.activities if a.id == command.activity_id), None)
    if known is None or not known.voided:
        was = known or Activity(command.activity_id, "", command.at)
        story.tell(ActivityKept(changed(was, voided=True)))


def _wake(story: Story, command: Wake) -> None:
    """Each deadline that has come is a breach; when it comes by in history, it is only gone."""
    come = [d for d in story.state.dues if d.at <= command.at]
    if not command.live:
        story.tell(DuesSet(story.state.dues[len(come):]))
        return
    for due in come:
        story.tell(SlaBreached(opportunity_id=story.id, opportunity=story.deal, stage=due.stage, due_at=due.at,
                               level=due.level))


STEPS: Mapping[type, Callable[[Story, Any], None]] = {
    OpenOpportunity: _open_opportunity,
    ReviseOpportunity: _revise,
    NameCustomer: _name_customer,
    RequestTransition: _request_transition,
    ReportStage: _report_stage,
    RecordActivity: _record_activity,
    VoidActivity: _void_activity,
    Wake: _wake,
}
