"""Composition of the surveys service."""
from collections.abc import Mapping

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.domain.indexing import instant_text
from chassis.ports import Scalar
from chassis.service.access_rules import PUBLIC, allow, grant
from chassis.service.description import Service, ServiceComponents
from contracts.surveys import (
    IssueRaised,
    IssueResolved,
    SurveyAnswerAccepted,
    SurveyContext,
    SurveyInvited,
    SurveyReminded,
    SurveySuppressed,
)
from services.surveys.api import router
from services.surveys.decider import respondent_decider
from services.surveys.decider.records import feedback_decider, issue_decider
from services.surveys.definitions.compiler import KIND, compile_surveys
from services.surveys.handlers import HANDLERS
from services.surveys.state.feedback import FeedbackState
from services.surveys.state.issue import IssueState
from services.surveys.state.respondent import RespondentState


def build(definitions: Definitions) -> ServiceComponents:
    surveys = compile_surveys(definitions)
    respondent = Aggregate(
        name="respondent", decider=respondent_decider(surveys), state=RespondentState, history=False)
    feedback = Aggregate(
        name="feedback", decider=feedback_decider(surveys), state=FeedbackState, index=feedback_index, history=False,
        scoped=True,
        fields={"survey": str, "respondent_id": str, "opportunity_id": str, "invited_at": str, "answered_at": str,
                "business_line": str, "region": str, "team": str, "rep_id": str},
        indexes=(("survey", "invited_at"), ("survey", "answered_at"), ("respondent_id",), ("opportunity_id",)),
    )
    issue = Aggregate(
        name="issue", decider=issue_decider(), state=IssueState, index=issue_index, history=False, scoped=True,
        fields={"status": str, "survey": str, "business_line": str, "region": str, "team": str, "rep_id": str,
                "raised_at": str},
        indexes=(("status", "raised_at"), ("survey", "raised_at"), ("rep_id", "raised_at"), ("raised_at",)),
    )
    return ServiceComponents(aggregates=(respondent, feedback, issue), handlers=HANDLERS, extra=surveys)


def feedback_index(state: FeedbackState) -> Mapping[str, Scalar]:
    """`answered_at` only of complete answers: results count these."""
    return {
        "survey": state.survey or None, "respondent_id": state.respondent_id or None,
        "opportunity_id": state.context.opportunity_id, "invited_at": instant_text(state.invited_at),
        "answered_at": instant_text(state.answered_at) if state.complete else None, **labels(state.context),
    }


def issue_index(state: IssueState) -> Mapping[str, Scalar]:
    return {
        "status": state.status, "survey": state.survey, "raised_at": instant_text(state.raised_at),
        **labels(state.context),
    }


def labels(context: SurveyContext) -> Mapping[str, Scalar]:
    return {"business_line": context.business_line, "region": context.region, "team": context.team,
            "rep_id": context.rep_id}


SERVICE = Service(
    name="surveys",
    title={"en": "Surveys", "zh": "问卷"},
    port_offset=3,
    purpose="Invites customers and employees at the right time and not too often, and raises issues from bad answers.",
    build=build,
    publishes=(SurveyInvited, SurveyReminded, SurveySuppressed, SurveyAnswerAccepted, IssueRaised, IssueResolved),
    consumes=tuple(HANDLERS),
    definitions=(KIND,),
    api=router,
    permissions=(
        grant("issues:read", "Issues raised by survey answers", "rep manager director marketer"),
        grant("issues:write", "Resolve issues", "rep manager marketer"),
        grant("surveys:read", "Surveys and their results", "manager director marketer"),
        grant("surveys:write", "Invite, and read invitations with their links", "marketer"),
    ),
    routes=(
        allow("GET", "/v1/surveys/{}/invitations", "surveys:write"),  # invitations contain the links for answering
        allow("POST", "/v1/surveys/{}/invitations", "surveys:write"),
        allow("GET", "/v1/surveys{*}", "surveys:read"),
        allow("GET", "/v1/issues{*}", "issues:read"),
        allow("POST", "/v1/issues/{}/resolve", "issues:write"),
        allow("GET|POST", "/s/{}", PUBLIC, audited=True, capability_url=True),
    ),
)
