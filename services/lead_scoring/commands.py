"""Commands of a lead; most carry the event of the enterprise system."""
from chassis.domain.decider import Command
from contracts.crm import (
    ActivityLogged,
    CampaignResponded,
    EngagementRecorded,
    LeadCaptured,
    LeadConverted,
    LeadLost,
    LeadRevised,
)


class CaptureLead(Command, frozen=True, kw_only=True):
    event: LeadCaptured


class ReviseLead(Command, frozen=True, kw_only=True):
    event: LeadRevised


class ConvertLead(Command, frozen=True, kw_only=True):
    event: LeadConverted


class LoseLead(Command, frozen=True, kw_only=True):
    event: LeadLost


class MergeLead(Command, frozen=True, kw_only=True):
    into_lead_id: str


class EraseLead(Command, frozen=True, kw_only=True):
    """Removes personal data; ids of recorded activities stay, so that a repeat does not count again."""


class CountActivity(Command, frozen=True, kw_only=True):
    event: ActivityLogged


class VoidLeadActivity(Command, frozen=True, kw_only=True):
    activity_id: str


class CountEngagement(Command, frozen=True, kw_only=True):
    event: EngagementRecorded


class CountResponse(Command, frozen=True, kw_only=True):
    event: CampaignResponded
