"""Message handlers: message type -> commands for opportunities."""
import hashlib
from collections.abc import Iterable
from typing import Any

from chassis.domain.handlers import CommandFor, Handlers, Meta
from contracts.crm import (
    ActivityLogged,
    ActivityVoided,
    LeadConverted,
    OpportunityOpeningRequested,
    OpportunityRevisionRequested,
    OpportunityStageReported,
    OpportunityTransitionRequested,
)
from contracts.kinds import Subject
from contracts.lead_scoring import LeadQualified
from services.pipeline.commands import (
    NameCustomer,
    OpenOpportunity,
    RecordActivity,
    ReportStage,
    RequestTransition,
    ReviseOpportunity,
    VoidActivity,
)

DIMENSION_FIELDS = ("region", "team", "rep_id", "customer_id", "product_id", "campaign_id", "dimensions")
OPENING_FIELDS = (
    *DIMENSION_FIELDS, "lead_id", "amount", "expected_close_on", "forecast_category", "deal_kind", "lines")


def deal_of_lead(lead_id: str) -> str:
    """Id of the deal that a qualified lead becomes; an id that would be too long is hashed."""
    plain = f"lead.{lead_id}"
    return plain if len(plain) <= 128 else f"lead.{hashlib.sha256(lead_id.encode()).hexdigest()[:40]}"


def present(event: Any, names: Iterable[str]) -> dict[str, Any]:
    return {n: v for n in names if (v := getattr(event, n)) is not None}


def open_on_request(event: OpportunityOpeningRequested, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("opportunity", event.opportunity_id, OpenOpportunity(
        **meta.command_fields(), business_line=event.business_line, pipeline=event.pipeline, stage=event.stage,
        about=present(event, OPENING_FIELDS), fields=event.fields or {}, undated=event.undated))


def open_for_lead(event: LeadQualified, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("opportunity", deal_of_lead(event.lead_id), OpenOpportunity(
        **meta.command_fields(), business_line=event.business_line,
        about=present(event, (*DIMENSION_FIELDS, "lead_id")), for_lead=True))


def revise(event: OpportunityRevisionRequested, meta: Meta) -> Iterable[CommandFor]:
    about = {n: getattr(event, n) for n in event.given if n in OPENING_FIELDS}
    yield CommandFor("opportunity", event.opportunity_id, ReviseOpportunity(
        **meta.command_fields(), about=about, fields=event.fields or {}))


def request_transition(event: OpportunityTransitionRequested, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("opportunity", event.opportunity_id, RequestTransition(
        **meta.command_fields(), transition=event.transition, fields=event.fields or {},
        checklist=event.checklist or (), note=event.note, backfill=meta.backfill))


def report_stage(event: OpportunityStageReported, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("opportunity", event.opportunity_id, ReportStage(
        **meta.command_fields(), stage=event.stage, loss_reason=event.loss_reason, business_line=event.business_line,
        about=present(event, (*DIMENSION_FIELDS, "amount")), fields=event.fields or {}))


def name_customer(event: LeadConverted, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("opportunity", event.opportunity_id or deal_of_lead(event.lead_id), NameCustomer(
        **meta.command_fields(), customer_id=event.customer_id, business_line=event.business_line))


def record_activity(event: ActivityLogged, meta: Meta) -> Iterable[CommandFor]:
    key = event.opportunity_id or deal_of(event.subject, event.lead_id)
    if key is not None:
        on_lead = event.opportunity_id is None and event.subject.kind != "opportunity"
        yield CommandFor("opportunity", key, RecordActivity(
            **meta.command_fields(), activity_id=event.activity_id, kind=event.kind, on_lead=on_lead,
            business_line=event.business_line))


def void_activity(event: ActivityVoided, meta: Meta) -> Iterable[CommandFor]:
    key = deal_of(event.subject, None)
    if key is not None:
        yield CommandFor("opportunity", key, VoidActivity(**meta.command_fields(), activity_id=event.activity_id))


def deal_of(subject: Subject, lead_id: str | None) -> str | None:
    """Key of the deal that an activity is about; None when it is about a customer only."""
    if subject.kind == "opportunity":
        return subject.id
    lead = subject.id if subject.kind == "lead" else lead_id
    return None if lead is None else deal_of_lead(lead)


HANDLERS: Handlers = {
    OpportunityOpeningRequested: open_on_request,
    OpportunityRevisionRequested: revise,
    OpportunityTransitionRequested: request_transition,
    OpportunityStageReported: report_stage,
    ActivityLogged: record_activity,
    ActivityVoided: void_activity,
    LeadQualified: open_for_lead,
    LeadConverted: name_customer,
}
