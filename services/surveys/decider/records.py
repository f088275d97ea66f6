"""Deciders of feedback and issues: they record what the respondent's decider published."""
from typing import Any

from chassis.domain.decider import Decider
from chassis.domain.decision import CommandHandlers, DecisionBuilder, table_decider
from services.surveys.commands import (
    RecordAnswer,
    RecordDelivery,
    RecordInvitation,
    RecordIssue,
    RecordResolution,
)
from services.surveys.decider.answers import without_texts
from services.surveys.definitions.survey import Surveys
from services.surveys.state import feedback, issue
from services.surveys.state.feedback import FeedbackAnswered, FeedbackDelivered, FeedbackInvited, FeedbackState
from services.surveys.state.issue import IssueRecorded, IssueState, ResolutionRecorded
from services.surveys.state.respondent import DELIVERY_RANK

FeedbackDecision = DecisionBuilder[FeedbackState, Surveys]
IssueDecision = DecisionBuilder[IssueState, None]


def feedback_decider(surveys: Surveys) -> Decider[Any, FeedbackState]:
    return table_decider(FEEDBACK_COMMANDS, feedback.EVENTS, feedback.new_feedback, definitions=surveys)


def issue_decider() -> Decider[Any, IssueState]:
    return table_decider(ISSUE_COMMANDS, issue.EVENTS, issue.new_issue)


def _invitation(decision: FeedbackDecision, command: RecordInvitation) -> None:
    decision.emit(FeedbackInvited(at=command.at, event=command.event))


def _answer(decision: FeedbackDecision, command: RecordAnswer) -> None:
    survey = decision.definitions.version(command.event.model)
    answers = without_texts(survey, command.event.answers)
    decision.emit(FeedbackAnswered(at=command.at, event=command.event, answers=answers))


def _delivery(decision: FeedbackDecision, command: RecordDelivery) -> None:
    if DELIVERY_RANK[command.status] > DELIVERY_RANK[decision.state.delivery]:
        decision.emit(FeedbackDelivered(status=command.status))


def _issue(decision: IssueDecision, command: RecordIssue) -> None:
    decision.emit(IssueRecorded(at=command.at, event=command.event))


def _resolution(decision: IssueDecision, command: RecordResolution) -> None:
    decision.emit(ResolutionRecorded(at=command.at, event=command.event))


FEEDBACK_COMMANDS: CommandHandlers[FeedbackDecision] = {
    RecordInvitation: _invitation,
    RecordAnswer: _answer,
    RecordDelivery: _delivery,
}
ISSUE_COMMANDS: CommandHandlers[IssueDecision] = {RecordIssue: _issue, RecordResolution: _resolution}
