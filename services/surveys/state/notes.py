"""Feedback and issues, as lists and results read them."""
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.surveys import IssueRaised, IssueResolved, SurveyAnswerAccepted, SurveyContext, SurveyInvited
from services.surveys.state.respondent import Answers, Delivery

# --- a piece of feedback: an invitation with its answer, or an answer on its own ------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Free text is not kept here; the key is the invitation's id, else the response's."""

    feedback_id: str
    survey: str = ""
    respondent_id: str = ""
    model: str = ""
    contact_id: str | None = None
    channel: str | None = None
    context: SurveyContext = field(default_factory=SurveyContext)
    invited_at: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    complete: bool = False
    answers: Answers = field(default_factory=dict)
    delivery: Delivery = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackInvited:
    at: datetime
    said: SurveyInvited


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackAnswered:
    at: datetime
    said: SurveyAnswerAccepted
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackDelivered:
    status: Delivery


def evolve_feedback(state: Feedback, event: Any) -> Feedback:
    match event:
        case FeedbackInvited(at=at, said=said):
            return replace(state, survey=said.survey, respondent_id=said.respondent_id, model=said.model,
                           contact_id=said.contact_id, channel=said.channel, context=said.context, invited_at=at,
                           expires_at=said.expires_at)
        case FeedbackAnswered(at=at, said=said, answers=answers):
            return replace(state, survey=said.survey, respondent_id=said.respondent_id, model=said.model,
                           context=said.context, answered_at=at, complete=said.complete, answers=answers)
        case FeedbackDelivered(status=status):
            return replace(state, delivery=status)
        case _:
            return state


def new_feedback(feedback_id: str) -> Feedback:
    return Feedback(feedback_id=feedback_id)


# --- an issue, for lists ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    issue_id: str
    respondent_id: str = ""
    survey: str = ""
    response_id: str = ""
    reason: str = ""
    context: SurveyContext = field(default_factory=SurveyContext)
    raised_at: datetime | None = None
    resolved_at: datetime | None = None
    note: str | None = None
    actor_id: str | None = None

    @property
    def status(self) -> str:
        return "resolved" if self.resolved_at else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueNoted:
    at: datetime
    said: IssueRaised


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionNoted:
    at: datetime
    said: IssueResolved


def evolve_issue(state: Issue, event: Any) -> Issue:
    match event:
        case IssueNoted(at=at, said=said):
            return replace(state, respondent_id=said.respondent_id, survey=said.survey, response_id=said.response_id,
                           reason=said.reason, context=said.context, raised_at=at)
        case ResolutionNoted(at=at, said=said):
            return replace(state, resolved_at=at, note=said.note, actor_id=said.actor_id)
        case _:
            return state


def new_issue(issue_id: str) -> Issue:
    return Issue(issue_id=issue_id)
