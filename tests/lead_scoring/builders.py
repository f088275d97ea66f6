"""Builders of the lead scoring tests: a small scorecard and the commands of a lead."""
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.domain.definitions import Definition, Definitions
from chassis.domain.testing import Scenario, given
from contracts.crm import (
    ActivityLogged,
    CampaignResponded,
    EngagementRecorded,
    LeadCaptured,
    LeadConverted,
    LeadLost,
    LeadRevised,
)
from contracts.kinds import Contact, Subject
from services.lead_scoring.commands import (
    CaptureLead,
    ConvertLead,
    CountActivity,
    CountEngagement,
    CountResponse,
    LoseLead,
    ReviseLead,
    VoidLeadActivity,
)
from services.lead_scoring.decider import lead_decider
from services.lead_scoring.definitions import Scorecards
from services.lead_scoring.definitions.compiler import compile_scorecards
from services.lead_scoring.state.model import LeadState

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
TITLE = {"en": "A rule", "zh": "规则"}

CARD: Mapping[str, Any] = {
    "name": "software", "version": 1, "title": TITLE,
    "fit": [
        {"rule": "industry", "title": {"en": "An industry we sell to", "zh": "目标行业"},
         "when": "attributes.industry in ['finance', 'retail']", "points": 20, "group": "company"},
        {"rule": "large", "title": {"en": "A large company", "zh": "大公司"}, "when": "attributes.employees >= 200",
         "points": 15, "group": "company"},
        {"rule": "student", "title": {"en": "A student", "zh": "学生"}, "when": "source == 'student'", "points": -30},
    ],
    "engagement": [
        {"rule": "demo", "title": {"en": "Saw a demonstration", "zh": "演示"}, "on": "activity", "kind": "demo",
         "points": 20},
        {"rule": "call", "title": {"en": "A call", "zh": "通话"}, "on": "activity", "kind": "call", "points": 5,
         "repeatable": True, "max_times": 3},
        {"rule": "inbound", "title": {"en": "Wrote to us", "zh": "来信"}, "on": "activity", "kind": "email",
         "when": "direction == 'inbound'", "points": 10},
        {"rule": "web", "title": {"en": "Visited the web site", "zh": "访问网站"}, "on": "engagement",
         "kind": "web_visit", "points": 2, "repeatable": True, "max_times": 4, "within_days": 30},
        {"rule": "reply", "title": {"en": "Answered a campaign", "zh": "回复"}, "on": "campaign", "kind": "replied",
         "points": 10},
    ],
    "limits": {"groups": {"company": 30}, "total": 80, "floor": 0},
    "grades": [{"grade": "A", "from": 60}, {"grade": "B", "from": 40}, {"grade": "C", "from": 20}, {"grade": "D"}],
    "qualify_at": 50, "disqualify_below": 45,
}


def cards(**change: Any) -> Scorecards:
    return compile_scorecards(Definitions([Definition("scorecards", "software", 1, {**CARD, **change})]))


CARDS = cards()
LEAD = lead_decider(CARDS)


def at(days: float = 0) -> datetime:
    return T0 + timedelta(days=days)


def command_fields(days: float, ref: str) -> dict[str, Any]:
    return {"at": at(days), "ref": ref, "actor": "crm"}


def capture(days: float = 0, *, line: str = "software", source: str = "web", **attributes: Any) -> CaptureLead:
    event = LeadCaptured(lead_id="l1", business_line=line, source=source, rep_id="r1", attributes=attributes,
                         contact=Contact(name="Ada", email="ada@example.com"))
    return CaptureLead(**command_fields(days, "capture"), event=event)


def revise(days: float = 1, **fields: Any) -> ReviseLead:
    event = LeadRevised(lead_id="l1", given=tuple(fields), **fields)
    return ReviseLead(**command_fields(days, f"revise-{days}"), event=event)


def activity(kind: Any, id: str, days: float = 1, **more: Any) -> CountActivity:
    event = ActivityLogged(activity_id=id, kind=kind, subject=Subject(kind="lead", id="l1"), **more)
    return CountActivity(**command_fields(days, f"a-{id}-{days}"), event=event)


def void(id: str, days: float = 2) -> VoidLeadActivity:
    return VoidLeadActivity(**command_fields(days, f"v-{id}"), activity_id=id)


def visit(id: str, days: float = 1) -> CountEngagement:
    event = EngagementRecorded(engagement_id=id, kind="web_visit", subject=Subject(kind="lead", id="l1"))
    return CountEngagement(**command_fields(days, f"e-{id}"), event=event)


def reply(id: str, days: float = 1) -> CountResponse:
    event = CampaignResponded(campaign_id="c1", response_id=id, response="replied", lead_id="l1")
    return CountResponse(**command_fields(days, f"r-{id}"), event=event)


def convert(days: float = 3) -> ConvertLead:
    return ConvertLead(**command_fields(days, "convert"), event=LeadConverted(lead_id="l1", customer_id="k1"))


def lose(days: float = 3) -> LoseLead:
    return LoseLead(**command_fields(days, "lose"), event=LeadLost(lead_id="l1", reason="no_budget"))


def scenario(*commands: Any, decider: Any = LEAD) -> Scenario:
    """The lead after these commands and the deadlines between them."""
    return given(decider, key="l1").commands(*commands, deadlines=True)


def lead_after(*commands: Any, decider: Any = LEAD) -> tuple[LeadState, list[Any]]:
    """The state of the lead and every event so far."""
    result = scenario(*commands, decider=decider)
    return result.state, result.events
