"""Which message concerns which lead."""
from collections.abc import Iterable

from chassis.domain.handlers import Ask, Handlers, Meta
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
    VoidActivity,
)


def captured(event: LeadCaptured, meta: Meta) -> Iterable[Ask]:
    yield Ask("lead", event.lead_id, CaptureLead(**meta.told(), said=event))


def revised(event: LeadRevised, meta: Meta) -> Iterable[Ask]:
    yield Ask("lead", event.lead_id, ReviseLead(**meta.told(), said=event))


def converted(event: LeadConverted, meta: Meta) -> Iterable[Ask]:
    yield Ask("lead", event.lead_id, ConvertLead(**meta.told(), said=event))


def lost(event: LeadLost, meta: Meta) -> Iterable[Ask]:
    yield Ask("lead", event.lead_id, LoseLead(**meta.told(), said=event))


def merged(event: LeadMerged, meta: Meta) -> Iterable[Ask]:
    yield Ask("lead", event.lead_id, MergeLead(**meta.told(), into_lead_id=event.into_lead_id))


def erased(event: LeadErased, meta: Meta) -> Iterable[Ask]:
    yield Ask("lead", event.lead_id, EraseLead(**meta.told()))


def _lead_of(event: ActivityLogged | ActivityVoided | EngagementRecorded) -> str | None:
    """The lead that it is about; an activity about a customer may name a lead too.

    What is done for a deal is the deal's: its lead has become one, however long it goes on being named.
    """
    if event.subject.kind == "lead":
        return event.subject.id
    return None if event.subject.kind == "opportunity" else getattr(event, "lead_id", None)


def logged(event: ActivityLogged, meta: Meta) -> Iterable[Ask]:
    if lead_id := _lead_of(event):
        yield Ask("lead", lead_id, CountActivity(**meta.told(), said=event))


def voided(event: ActivityVoided, meta: Meta) -> Iterable[Ask]:
    if lead_id := _lead_of(event):
        yield Ask("lead", lead_id, VoidActivity(**meta.told(), activity_id=event.activity_id))


def engaged(event: EngagementRecorded, meta: Meta) -> Iterable[Ask]:
    if lead_id := _lead_of(event):
        yield Ask("lead", lead_id, CountEngagement(**meta.told(), said=event))


def responded(event: CampaignResponded, meta: Meta) -> Iterable[Ask]:
    if event.lead_id:
        yield Ask("lead", event.lead_id, CountResponse(**meta.told(), said=event))


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
