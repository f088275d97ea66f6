"""Opening of a deal: by request, by a qualified lead, or by a stage report that arrived first."""
import hashlib
from collections.abc import Iterator

from chassis.domain.decider import replace
from chassis.messages.codec import canonical
from contracts.pipeline import Opportunity as Deal
from contracts.pipeline import OpportunityOpened, OpportunityRevised, Reason
from services.pipeline.commands import Changes, OpenOpportunity
from services.pipeline.decider.deal_decision import DealDecision
from services.pipeline.decider.refusals import field_invalid, refusal
from services.pipeline.decider.stage_entry import LAYOUT_PREFIX, StageChange, change_stage, revise_deal
from services.pipeline.decider.values import DEAL_FIELDS, facts, plain, with_values
from services.pipeline.definitions.fields import LOSS_REASON, misfit
from services.pipeline.definitions.model import BlueprintDefinition, Book
from services.pipeline.state.events import LayoutFieldsChanged, OpeningRecorded

BY_LEAD = "lead:"
"""Prefix of an opening's digest when the qualification of its lead opened the deal."""


def open_opportunity(decision: DealDecision, command: OpenOpportunity) -> None:
    """Opens once. The same request again changes nothing, a different one contradicts it.

    A deal that its lead opened accepts one request: that of the system which goes on with it, and completes it.
    """
    if decision.state.deal is not None and not decision.state.assumed:
        if command.for_lead or digest_of(command) == decision.state.opening:
            return
        if not _completes_lead_opening(decision, command):
            decision.decline("already_known", f"opportunity {decision.id!r} was opened by another request")
            return
    if command.for_lead and not _opens_on_qualified(decision.definitions, command):
        return
    blueprint = blueprint_for(decision.definitions, command)
    if isinstance(blueprint, Reason):
        decision.decline(blueprint.code, blueprint.message)
    elif reasons := tuple(opening_reasons(blueprint, command)):
        decision.decline(reasons[0].code, "; ".join(r.message for r in reasons))
    elif decision.state.deal is None:
        begin(decision, blueprint, command, assumed=False)
    else:
        _complete(decision, command)


def blueprint_for(book: Book, command: OpenOpportunity) -> BlueprintDefinition | Reason:
    """The named pipeline's, else the first of the business line that accepts such a deal; a reason if there is none."""
    if command.pipeline is not None:
        found = book.pipelines.get(command.pipeline)
        if found is not None and command.business_line in (None, found.line):
            return found
        return refusal("unknown_pipeline", "/pipeline", pipeline=command.pipeline)
    line = book.lines.get(command.business_line or "")
    if line is None:
        return refusal("unknown_business_line", "/business_line", line=command.business_line)
    first = line.blueprints[0]
    if first.when is None:
        return first
    values = {n: plain(v) for n, v in {**command.about, **command.fields}.items() if v is not None}
    return line.blueprint_for(facts(values)) or refusal("no_blueprint", "/business_line", line=line.name)


def _completes_lead_opening(decision: DealDecision, command: OpenOpportunity) -> bool:
    """Whether the deal was opened by its lead, and the request is for that pipeline and lead."""
    lead = command.about.get("lead_id")
    return (decision.state.opening.startswith(BY_LEAD) and command.pipeline in (None, decision.deal.pipeline)
            and lead in (None, decision.deal.lead_id))


def _opens_on_qualified(book: Book, command: OpenOpportunity) -> bool:
    line = book.lines.get(command.business_line or "")
    return line is not None and line.opens_on_qualified


def opening_reasons(blueprint: BlueprintDefinition, command: OpenOpportunity) -> Iterator[Reason]:
    if command.stage is not None and command.stage not in blueprint.stages:
        yield refusal("unknown_stage", "/stage", stage=command.stage, blueprint=blueprint.ref)
    yield from field_reasons(blueprint, command.fields)


def field_reasons(blueprint: BlueprintDefinition, fields: Changes) -> Iterator[Reason]:
    """Values that do not fit the layout; fields that the layout does not have are ignored."""
    for name, value in fields.items():
        form = blueprint.fields.get(name)
        if form is not None and (problem := misfit(form, value)) is not None:
            yield field_invalid(form, problem)


def begin(decision: DealDecision, blueprint: BlueprintDefinition, command: OpenOpportunity, *, assumed: bool) -> None:
    stage = command.stage or blueprint.initial
    opened_at = None if command.undated else command.at
    empty = Deal(
        pipeline=blueprint.name, business_line=blueprint.line, stage=stage, opened_at=opened_at,
        forecast_category=blueprint.stages[stage].forecast_category, deal_kind="new", blueprint=blueprint.ref,
    )
    about = {"customer_id": decision.state.customer, **command.about}
    about = {n: v for n, v in about.items() if v is not None}
    fields = {n: v for n, v in command.fields.items()
              if n in blueprint.fields and n not in DEAL_FIELDS and v is not None}
    deal = with_values(empty, blueprint, about)
    decision.emit(
        OpportunityOpened(opportunity_id=decision.id, opportunity=deal, actor_id=command.actor or None),
        OpeningRecorded(digest_of(command), assumed, opened_at, (*about, *(LAYOUT_PREFIX + n for n in fields))),
    )
    if fields:
        decision.emit(LayoutFieldsChanged(fields))
    change_stage(decision, StageChange(
        to=stage, at=opened_at, received_at=command.at, live=command.live, actor=command.actor or None,
        category=deal.forecast_category, loss_reason=command.fields.get(LOSS_REASON),
    ))


def _complete(decision: DealDecision, command: OpenOpportunity) -> None:
    """The opening of a deal that a report or its lead opened before: sets its time and the values not yet outdated."""
    actor = command.actor or None
    before = decision.deal
    opened_at = None if command.undated else command.at
    if decision.state.opening.startswith(BY_LEAD) and before.opened_at is not None:
        opened_at = min(opened_at or before.opened_at, before.opened_at)  # it has been open since then
    if opened_at != before.opened_at:
        after = replace(before, opened_at=opened_at)
        decision.emit(OpportunityRevised(
            opportunity_id=decision.id, opportunity=after, before=before, actor_id=actor))
    about = {n: v for n, v in command.about.items() if v is not None}
    revise_deal(decision, command.at, about, command.fields, actor)
    decision.emit(OpeningRecorded(digest_of(command), False, opened_at))
    first = decision.state.visits[0].at
    if opened_at is not None and first is not None and opened_at < first:
        change_stage(decision, StageChange(
            to=command.stage or decision.blueprint.initial, at=opened_at, received_at=command.at, live=False,
            actor=actor))


def digest_of(command: OpenOpportunity) -> str:
    """Stored with the deal: equal for repeats of the request."""
    request = [command.business_line, command.pipeline, command.stage, command.undated,
               command.at.timestamp(), dict(command.about), dict(command.fields)]
    digest = hashlib.sha256(canonical(request)).hexdigest()[:32]
    return BY_LEAD + digest if command.for_lead else digest
