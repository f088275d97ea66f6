"""Feedback: an invitation with its answer, or an answer without invitation, as lists and results read it."""
from collections.abc import Mapping
from datetime import datetime

from chassis.domain.decider import State, replace
from chassis.domain.decision import EventHandlers
from contracts.crm import Answer
from contracts.surveys import SurveyAnswerAccepted, SurveyContext, SurveyInvited
from services.surveys.state.respondent import Answers, Delivery


class FeedbackState(State, frozen=True, kw_only=True):
    """Without free text. The key is the invitation's id, else the response's."""

    feedback_id: str
    survey: str = ""
    respondent_id: str = ""
    model: str = ""
    contact_id: str | None = None
    channel: str | None = None
    context: SurveyContext = SurveyContext()
    invited_at: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    complete: bool = False
    answers: Mapping[str, Answer] = {}
    delivery: Delivery = ""


def new_feedback(feedback_id: str) -> FeedbackState:
    return FeedbackState(feedback_id=feedback_id)


class FeedbackInvited(State, frozen=True, kw_only=True):
    at: datetime
    event: SurveyInvited


class FeedbackAnswered(State, frozen=True, kw_only=True):
    """`answers`: without free text."""

    at: datetime
    event: SurveyAnswerAccepted
    answers: Answers


class FeedbackDelivered(State, frozen=True, kw_only=True):
    status: Delivery


def _invited(state: FeedbackState, recorded: FeedbackInvited) -> FeedbackState:
    event = recorded.event
    return replace(state, survey=event.survey, respondent_id=event.respondent_id, model=event.model,
                   contact_id=event.contact_id, channel=event.channel, context=event.context, invited_at=recorded.at,
                   expires_at=event.expires_at)


def _answered(state: FeedbackState, recorded: FeedbackAnswered) -> FeedbackState:
    event = recorded.event
    return replace(state, survey=event.survey, respondent_id=event.respondent_id, model=event.model,
                   context=event.context, answered_at=recorded.at, complete=event.complete, answers=recorded.answers)


EVENTS: EventHandlers[FeedbackState] = {
    FeedbackInvited: _invited,
    FeedbackAnswered: _answered,
    FeedbackDelivered: lambda state, recorded: replace(state, delivery=recorded.status),
}
