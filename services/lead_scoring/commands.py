"""What one may ask of a lead. Each carries what an enterprise system said; `at`, `actor` and `ref` come with it."""
from dataclasses import dataclass

from chassis.decider import Command
from contracts.crm import (
    ActivityLogged,
    CampaignResponded,
    EngagementRecorded,
    LeadCaptured,
    LeadConverted,
    LeadLost,
    LeadRevised,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureLead(Command):
    said: LeadCaptured


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseLead(Command):
    said: LeadRevised


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertLead(Command):
    said: LeadConverted


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseLead(Command):
    said: LeadLost


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLead(Command):
    into_lead_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseLead(Command):
    """Remove what says who the person is; keep what keeps a repeat from counting again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountActivity(Command):
    said: ActivityLogged


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidActivity(Command):
    activity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountEngagement(Command):
    said: EngagementRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class CountResponse(Command):
    said: CampaignResponded
