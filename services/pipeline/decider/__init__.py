"""Decider of opportunities: one function per command."""
from typing import Any

from chassis.domain.decider import DeadlineReached, Decider, replace
from chassis.domain.decision import CommandHandlers, table_decider
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
from services.pipeline.decider.deal_decision import DealDecision
from services.pipeline.decider.deal_opening import begin, blueprint_for, field_reasons, open_opportunity
from services.pipeline.decider.refusals import NO_SUCH_OPPORTUNITY, refusal
from services.pipeline.decider.stage_entry import NOT_RECORDED, StageChange, change_stage, revise_deal, stage_at
from services.pipeline.decider.transition_checks import transition_reasons
from services.pipeline.definitions import BusinessLineDefinition
from services.pipeline.definitions.fields import LOSS_REASON, misfit
from services.pipeline.definitions.model import BlueprintDefinition, Book
from services.pipeline.state.events import (
    ActivityInvalidated,
    ActivityRecorded,
    CustomerNamed,
    StageDeadlinesLapsed,
)
from services.pipeline.state.evolution import EVENTS
from services.pipeline.state.model import OpportunityState, RecordedActivity, next_deadline


def opportunity_decider(book: Book) -> Decider[Any, OpportunityState]:
    return table_decider(COMMANDS, EVENTS, OpportunityState, definitions=book, next_deadline=next_deadline,
                         builder=DealDecision)


def _revise(decision: DealDecision, command: ReviseOpportunity) -> None:
    if decision.state.deal is None:
        decision.decline(NO_SUCH_OPPORTUNITY.code, NO_SUCH_OPPORTUNITY.message)
    elif reasons := tuple(field_reasons(decision.blueprint, command.fields)):
        decision.decline(reasons[0].code, "; ".join(r.message for r in reasons))
    else:
        revise_deal(decision, command.at, command.about, command.fields, command.actor or None)


def _name_customer(decision: DealDecision, command: NameCustomer) -> None:
    """A deal that has a customer keeps it. Before the opening the customer is stored where a lead may open a deal."""
    deal = decision.state.deal
    if deal is None:
        if _lines_opened_by_leads(decision.definitions, command.business_line):
            decision.emit(CustomerNamed(command.customer_id))
    elif deal.customer_id is None:
        revise_deal(decision, command.at, {"customer_id": command.customer_id}, {}, command.actor or None)


# --- transitions and reports -----------------------------------------------------------------------------------------


def _request_transition(decision: DealDecision, command: RequestTransition) -> None:
    state = decision.state
    if state.deal is None:
        _refuse(decision, command, (NO_SUCH_OPPORTUNITY,))
        return
    blueprint = decision.blueprint
    stage = (stage_at(state, command.at) if command.backfill else None) or state.deal.stage
    if reasons := transition_reasons(blueprint, state, stage, command):
        _refuse(decision, command, reasons)
        return
    fields = {n: v for n, v in command.fields.items() if n != LOSS_REASON}
    revise_deal(decision, command.at, fields, fields, command.actor or None)
    change_stage(decision, StageChange(
        to=blueprint.table[stage, command.transition], at=command.at, received_at=command.at, live=command.live,
        actor=command.actor or None, transition=command.transition, loss_reason=command.fields.get(LOSS_REASON),
        category=command.fields.get("forecast_category"),
    ))


def _refuse(decision: DealDecision, command: RequestTransition, reasons: tuple[Reason, ...]) -> None:
    decision.emit(TransitionRefused(
        opportunity_id=decision.id, opportunity=decision.state.deal, command_id=command.ref,
        transition=command.transition, reasons=reasons, actor_id=command.actor or None,
    ))


def _report_stage(decision: DealDecision, command: ReportStage) -> None:
    """Applied as reported. A report opens an unknown deal if it names the business line."""
    if decision.state.deal is None:
        _open_by_report(decision, command)
        return
    blueprint = decision.blueprint
    if command.stage not in blueprint.stages:
        _decline_stage(decision, command, blueprint)
        return
    actor = command.actor or None
    revise_deal(decision, command.at, command.about, _fitting(blueprint, command), actor)
    before = stage_at(decision.state, command.at) or ""
    if before != command.stage:
        transition = blueprint.joins(before, command.stage)
        change_stage(decision, StageChange(
            to=command.stage, at=command.at, received_at=command.at, live=command.live, actor=actor,
            transition=transition.name if transition else None, outside=transition is None,
            loss_reason=_loss_reason(command),
        ))


def _open_by_report(decision: DealDecision, command: ReportStage) -> None:
    opening = OpenOpportunity(
        at=command.at, live=command.live, actor=command.actor, ref=command.ref, business_line=command.business_line,
        stage=command.stage, about=command.about, fields=command.fields,
    )
    blueprint = blueprint_for(decision.definitions, opening)
    if isinstance(blueprint, Reason):
        reason = refusal("no_such_opportunity", "/opportunity_id", text="report_incomplete")
        decision.decline(reason.code, reason.message)
    elif command.stage not in blueprint.stages:
        _decline_stage(decision, command, blueprint)
    else:
        fields = {**_fitting(blueprint, command), LOSS_REASON: _loss_reason(command)}
        begin(decision, blueprint, replace(opening, fields=fields), assumed=True)


def _decline_stage(decision: DealDecision, command: ReportStage, blueprint: BlueprintDefinition) -> None:
    reason = refusal("unknown_stage", "/stage", stage=command.stage, blueprint=blueprint.ref)
    decision.decline(reason.code, reason.message)


def _fitting(blueprint: BlueprintDefinition, command: ReportStage) -> dict[str, Any]:
    """Without the values that do not fit the layout: a report is never refused for a value."""
    known = blueprint.fields
    return {n: v for n, v in command.fields.items() if n in known and misfit(known[n], v) is None}


def _loss_reason(command: ReportStage) -> str:
    return command.loss_reason or command.fields.get(LOSS_REASON) or NOT_RECORDED


# --- activities, deadlines -------------------------------------------------------------------------------------------


def _record_activity(decision: DealDecision, command: RecordActivity) -> None:
    """Recorded even before the deal is opened: activities on the lead may count in the first stage."""
    if any(a.id == command.activity_id for a in decision.state.activities):
        return
    if decision.state.deal is None and command.on_lead and not _may_count(decision.definitions, command.business_line):
        return
    decision.emit(ActivityRecorded(
        RecordedActivity(command.activity_id, command.kind, command.at, command.on_lead)))


def _may_count(book: Book, line: str | None) -> bool:
    """Whether a lead of this line (None: of any) may become a deal whose first stage counts the lead's activities."""
    return any(form.count_lead_activities for form in _lines_opened_by_leads(book, line))


def _lines_opened_by_leads(book: Book, line: str | None) -> list[BusinessLineDefinition]:
    """Of the named line (None: of all), those whose qualified leads become deals."""
    found = [one for one in book.lines.values() if line in (None, one.name)]
    return [one for one in found if one.opens_on_qualified]


def _void_activity(decision: DealDecision, command: VoidActivity) -> None:
    known = next((a for a in decision.state.activities if a.id == command.activity_id), None)
    if known is None or not known.voided:
        decision.emit(ActivityInvalidated(command.activity_id, command.at))


def _reach_deadline(decision: DealDecision, command: DeadlineReached) -> None:
    """Every deadline up to now is a breach; in replayed history it only lapses."""
    if not command.live:
        decision.emit(StageDeadlinesLapsed(command.at))
        return
    for due in [d for d in decision.state.dues if d.at <= command.at]:
        decision.emit(SlaBreached(opportunity_id=decision.id, opportunity=decision.deal, stage=due.stage,
                                  due_at=due.at, level=due.level))


COMMANDS: CommandHandlers[DealDecision] = {
    OpenOpportunity: open_opportunity,
    ReviseOpportunity: _revise,
    NameCustomer: _name_customer,
    RequestTransition: _request_transition,
    ReportStage: _report_stage,
    RecordActivity: _record_activity,
    VoidActivity: _void_activity,
    DeadlineReached: _reach_deadline,
}
