"""Composition of the lead scoring service."""
from collections.abc import Mapping

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.domain.indexing import instant_text
from chassis.ports import Scalar
from chassis.service.access_rules import allow, grant
from chassis.service.description import Service, ServiceComponents
from contracts.lead_scoring import LeadDisqualified, LeadQualified, LeadScored
from services.lead_scoring.api import router
from services.lead_scoring.decider import lead_decider
from services.lead_scoring.definitions.compiler import KIND, compile_scorecards
from services.lead_scoring.handlers import HANDLERS
from services.lead_scoring.state.model import LeadState, field_value


def build(definitions: Definitions) -> ServiceComponents:
    cards = compile_scorecards(definitions)
    lead = Aggregate(
        name="lead", decider=lead_decider(cards), state=LeadState, index=index,
        fields={"business_line": str, "score": int, "grade": str, "status": str, "source": str, "rep_id": str,
                "campaign_id": str, "captured_at": str, "team": str, "region": str},
        indexes=(("business_line", "score"), ("rep_id", "score"), ("status", "score"), ("score",), ("captured_at",)),
        scoped=True,
    )
    return ServiceComponents(aggregates=(lead,), handlers=HANDLERS, extra=cards)


def index(lead: LeadState) -> Mapping[str, Scalar]:
    return {
        "business_line": field_value(lead, "business_line"), "source": field_value(lead, "source"),
        "rep_id": field_value(lead, "rep_id"), "campaign_id": field_value(lead, "campaign_id"), "status": lead.status,
        "score": lead.scored.score if lead.scored else None, "grade": lead.scored.grade if lead.scored else None,
        "captured_at": instant_text(lead.captured_at), "team": field_value(lead, "team"),
        "region": field_value(lead, "region"),
    }


SERVICE = Service(
    name="lead_scoring",
    title={"en": "Lead scoring", "zh": "线索评分"},
    port_offset=0,
    purpose="Scores every lead by its business line's scorecard with reasons, and publishes who is qualified.",
    build=build,
    publishes=(LeadScored, LeadQualified, LeadDisqualified),
    consumes=tuple(HANDLERS),
    definitions=(KIND,),
    api=router,
    permissions=(
        grant("leads:read", "Leads and their scores", "rep manager director marketer"),
        grant("leads:write", "Capture, revise and convert leads", "rep manager marketer"),
        grant("activities:write", "Log activities", "rep manager marketer"),
    ),
    routes=(
        allow("GET", "/v1/leads{*}", "leads:read"),
        allow("POST", "/v1/leads", "leads:write"),
        allow("PATCH", "/v1/leads/{}", "leads:write"),
        allow("POST", "/v1/leads/{}/convert", "leads:write"),
        allow("POST", "/v1/activities", "activities:write"),
    ),
)
