"""Builders of the survey tests: two small surveys and the commands of a respondent."""
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.domain.definitions import Definition, Definitions
from chassis.domain.testing import given
from contracts.crm import ConsentChanged, SurveyResponded
from contracts.pipeline import Opportunity, OpportunityWon
from contracts.surveys import SurveyContext
from services.surveys.commands import (
    AnswerByLink,
    ChangeConsent,
    Invite,
    InviteAfterWin,
    RecordDelivery,
    RecordResponse,
)
from services.surveys.decider import respondent_decider
from services.surveys.definitions import Surveys
from services.surveys.definitions.compiler import compile_surveys
from services.surveys.state.respondent import RespondentState

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)

WIN: Mapping[str, Any] = {
    "name": "after_win", "title": {"en": "After a win"}, "languages": ["en"],
    "trigger": {"on": "opportunity_won", "business_lines": ["software"]},
    "expires_after_days": 30, "fatigue": {"cooldown_days": 14, "recontact_days": 90, "max": 3, "per_days": 180},
    "questions": [
        {"id": "nps", "type": "nps", "title": {"en": "Recommend?"}, "required": True},
        {"id": "reason", "type": "text", "title": {"en": "Why?"}},
        {"id": "csat", "type": "csat", "title": {"en": "Satisfied?"}},
        {"id": "liked", "type": "choice", "title": {"en": "Liked?"}, "multiple": True,
         "choices": [{"name": "price", "title": {"en": "Price"}}, {"name": "people", "title": {"en": "People"}}]},
        {"id": "again", "type": "boolean", "title": {"en": "Again?"}},
    ],
    "issues": [{"name": "detractor", "when": "nps <= 6", "reason": {"en": "Would not recommend us"}}],
}
OTHER: Mapping[str, Any] = {
    "name": "quarterly", "title": {"en": "Quarterly"}, "languages": ["en"], "fatigue": {"cooldown_days": 14},
    "questions": [{"id": "nps", "type": "nps", "title": {"en": "Recommend?"}}],
}


def surveys(**change: Any) -> Surveys:
    return compile_surveys(Definitions([
        Definition("surveys", "after_win", 1, {**WIN, **change}), Definition("surveys", "quarterly", 1, OTHER)]))


def respondent(**change: Any) -> Any:
    return respondent_decider(surveys(**change))


RESPONDENT = respondent()


def at(days: float = 0) -> datetime:
    return T0 + timedelta(days=days)


def command_fields(days: float, ref: str, live: bool = True) -> dict[str, Any]:
    return {"at": at(days), "ref": ref, "actor": "crm", "live": live}


def won(days: float = 0, deal: str = "d1", line: str = "software", live: bool = True) -> InviteAfterWin:
    opportunity = Opportunity(
        pipeline="p", business_line=line, stage="won", opened_at=at(-9), forecast_category="closed", deal_kind="new",
        customer_id="k1", rep_id="r1", region="West", dimensions={"sector": "retail"})
    event = OpportunityWon(opportunity_id=deal, opportunity=opportunity, closed_at=at(days), stage_before="s")
    return InviteAfterWin(**command_fields(days, f"won-{deal}", live), event=event)


def invite(days: float = 0, survey: str = "quarterly", id: str = "i1", **more: Any) -> Invite:
    return Invite(**command_fields(days, id), survey=survey, invitation_id=id,
                  context=SurveyContext(business_line="software"), **more)


def respond(
    days: float = 1, id: str = "a1", survey: str = "after_win", complete: bool = True, live: bool = True,
    invitation_id: str | None = None, contact_id: str | None = None, **answers: Any,
) -> RecordResponse:
    event = SurveyResponded(response_id=id, survey=survey, respondent_kind="customer", respondent_id="k1",
                           answers=answers, complete=complete, invitation_id=invitation_id, contact_id=contact_id,
                           region="North")
    return RecordResponse(**command_fields(days, f"m-{id}-{days}", live), event=event)


def by_link(invitation_id: str, days: float = 1, **answers: Any) -> AnswerByLink:
    return AnswerByLink(**command_fields(days, "link"), invitation_id=invitation_id, answers=answers)


def consent(granted: bool, days: float = 0, channel: str = "email", purpose: str = "survey", **more: Any) -> Any:
    event = ConsentChanged(customer_id="k1", channel=channel, purpose=purpose, granted=granted, **more)
    return ChangeConsent(**command_fields(days, f"c-{granted}-{days}"), event=event)


def delivery(invitation_id: str, status: Any, days: float = 0.1) -> RecordDelivery:
    return RecordDelivery(**command_fields(days, f"d-{status}"), invitation_id=invitation_id, status=status)


def respondent_after(*commands: Any, decider: Any = RESPONDENT) -> tuple[RespondentState, list[Any]]:
    """The respondent after these commands, and every event."""
    scenario = given(decider, key="k1").commands(*commands)
    return scenario.state, scenario.events
