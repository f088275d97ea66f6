"""Message handlers: message type -> command for a lead."""
from collections.abc import Iterable

from chassis.domain.handlers import CommandFor, Handlers, Meta
from contracts.crm import (
    ActivityLogged,
    ActivityVoided,
    CampaignResponded,
    EngagementRecorded,
    LeadCaptured,
    LeadConverted,
    LeadErased,
    LeadLost,
    LeadMerged,
    LeadRevised,
)
from services.lead_scoring.commands import (
    CaptureLead,
    ConvertLead,
    CountActivity,
    CountEngagement,
    CountResponse,
    EraseLead,
    LoseLead,
    MergeLead,
    ReviseLead,
    VoidLeadActivity,
)


def captured(event: LeadCaptured, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("lead", event.lead_id, CaptureLead(**meta.command_fields(), event=event))


def revised(event: LeadRevised, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("lead", event.lead_id, ReviseLead(**meta.command_fields(), event=event))


def converted(event: LeadConverted, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("lead", event.lead_id, ConvertLead(**meta.command_fields(), event=event))


def lost(event: LeadLost, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("lead", event.lead_id, LoseLead(**meta.command_fields(), event=event))


def merged(event: LeadMerged, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("lead", event.lead_id, MergeLead(**meta.command_fields(), into_lead_id=event.into_lead_id))


def erased(event: LeadErased, meta: Meta) -> Iterable[CommandFor]:
    yield CommandFor("lead", event.lead_id, EraseLead(**meta.command_fields()))


def _lead_of(event: ActivityLogged | ActivityVoided | EngagementRecorded) -> str | None:
    """The lead that it is about; an activity about a customer may name a lead too.

    An activity for a deal does not count for its lead, even if it names one: the lead has become that deal.
    """
    if event.subject.kind == "lead":
        return event.subject.id
    return None if event.subject.kind == "opportunity" else getattr(event, "lead_id", None)


def logged(event: ActivityLogged, meta: Meta) -> Iterable[CommandFor]:
    if lead_id := _lead_of(event):
        yield CommandFor("lead", lead_id, CountActivity(**meta.command_fields(), event=event))


def voided(event: ActivityVoided, meta: Meta) -> Iterable[CommandFor]:
    if lead_id := _lead_of(event):
        yield CommandFor("lead", lead_id, VoidLeadActivity(**meta.command_fields(), activity_id=event.activity_id))


def engaged(event: EngagementRecorded, meta: Meta) -> Iterable[CommandFor]:
    if lead_id := _lead_of(event):
        yield CommandFor("lead", lead_id, CountEngagement(**meta.command_fields(), event=event))


def responded(event: CampaignResponded, meta: Meta) -> Iterable[CommandFor]:
    if event.lead_id:
        yield CommandFor("lead", event.lead_id, CountResponse(**meta.command_fields(), event=event))


HANDLERS: Handlers = {
    LeadCaptured: captured,
    LeadRevised: revised,
    LeadConverted: converted,
    LeadLost: lost,
    LeadMerged: merged,
    LeadErased: erased,
    ActivityLogged: logged,
    ActivityVoided: voided,
    EngagementRecorded: engaged,
    CampaignResponded: responded,
}
