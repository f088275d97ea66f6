"""What surveys says. Topic crm.surveys.v1, key respondent_id. The secret of a link never enters the log."""
from collections.abc import Mapping
from typing import Literal

from contracts.crm import Answer
from contracts.kinds import Contract, Id, Instant, event
from contracts.topics import declare_topic

TOPIC = declare_topic("crm.surveys.v1", "surveys", "respondent_id")


class SurveyContext(Contract):
    """Where the question came from, so that its answer can be counted there."""

    business_line: Id | None = None
    region: str | None = None
    team: str | None = None
    rep_id: Id | None = None
    customer_id: Id | None = None
    opportunity_id: Id | None = None
    product_id: Id | None = None
    department: str | None = None
    dimensions: Mapping[str, str] | None = None


@event("crm.survey.invited.v1", TOPIC, "respondent_id")
class SurveyInvited(Contract):
    """`url` is the path `/s/{invitation_id}`; the door signs it when it hands the link out."""

    respondent_id: Id
    invitation_id: Id
    survey: Id
    url: str
    expires_at: Instant
    context: SurveyContext
    respondent_kind: Literal["customer", "employee"] = "customer"
    contact_id: Id | None = None
    channel: str = "email"
    model: str = ""


@event("crm.survey.reminded.v1", TOPIC, "respondent_id")
class SurveyReminded(Contract):
    respondent_id: Id
    invitation_id: Id
    survey: Id
    context: SurveyContext


@event("crm.survey.suppressed.v1", TOPIC, "respondent_id")
class SurveySuppressed(Contract):
    respondent_id: Id
    survey: Id
    rule: str
    context: SurveyContext


@event("crm.survey.answer_accepted.v1", TOPIC, "respondent_id")
class SurveyAnswerAccepted(Contract):
    """The last complete answer of an invitation counts; `before` is what an earlier one of it had said."""

    respondent_id: Id
    response_id: Id
    survey: Id
    answers: Mapping[str, Answer]
    context: SurveyContext
    complete: bool
    respondent_kind: Literal["customer", "employee"] = "customer"
    invitation_id: Id | None = None
    invited_at: Instant | None = None
    before: Mapping[str, Answer] | None = None
    model: str = ""


@event("crm.issue.raised.v1", TOPIC, "respondent_id")
class IssueRaised(Contract):
    respondent_id: Id
    issue_id: Id
    survey: Id
    response_id: Id
    reason: str
    context: SurveyContext


@event("crm.issue.resolved.v1", TOPIC, "respondent_id")
class IssueResolved(Contract):
    respondent_id: Id
    issue_id: Id
    survey: Id
    context: SurveyContext
    note: str | None = None
    actor_id: str | None = None
