"""What one may ask of a lead. Each carries what an enterprise system said; `at`, `actor` and `ref` come with it."""

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
    said: LeadCaptured


class ReviseLead(Command, frozen=True, kw_only=True):
    said: LeadRevised


class ConvertLead(Command, frozen=True, kw_only=True):
    said: LeadConverted


class LoseLead(Command, frozen=True, kw_only=True):
    said: LeadLost


class MergeLead(Command, frozen=True, kw_only=True):
    into_lead_id: str


class EraseLead(Command, frozen=True, kw_only=True):
    """Remove what says who the person is; keep what keeps a repeat from counting again."""


class CountActivity(Command, frozen=True, kw_only=True):
    said: ActivityLogged


class VoidActivity(Command, frozen=True, kw_only=True):
    activity_id: str


class CountEngagement(Command, frozen=True, kw_only=True):
    said: EngagementRecorded


class CountResponse(Command, frozen=True, kw_only=True):
    said: CampaignResponded
