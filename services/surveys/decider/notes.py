"""Feedback and issues, as lists and results read them: they note what the respondent decided."""
from collections.abc import Sequence
from functools import partial
from typing import Any

from chassis.domain.decider import Command, Decider
from services.surveys.commands import NoteAnswered, NoteDelivery, NoteInvited, NoteRaised, NoteResolved
from services.surveys.decider.answers import marks
from services.surveys.definitions import Surveys
from services.surveys.state import (
    RANK,
    Feedback,
    FeedbackAnswered,
    FeedbackDelivered,
    FeedbackInvited,
    Issue,
    IssueNoted,
    ResolutionNoted,
    evolve_feedback,
    evolve_issue,
    new_feedback,
    new_issue,
)


def feedback_decider(surveys: Surveys) -> Decider[Command, Feedback]:
    return Decider(partial(decide_feedback, surveys), evolve_feedback, new_feedback)


def issue_decider() -> Decider[Command, Issue]:
    return Decider(decide_issue, evolve_issue, new_issue)


def decide_feedback(surveys: Surveys, command: Command, state: Feedback) -> Sequence[Any]:
    match command:
        case NoteInvited(at=at, said=said):
            return [FeedbackInvited(at=at, said=said)]
        case NoteAnswered(at=at, said=said):
            return [FeedbackAnswered(at=at, said=said, answers=marks(surveys.version(said.model), said.answers))]
        case NoteDelivery(status=status) if RANK[status] > RANK[state.delivery]:
            return [FeedbackDelivered(status=status)]
        case _:
            return []


def decide_issue(command: Command, _state: Issue) -> Sequence[Any]:
    match command:
        case NoteRaised(at=at, said=said):
            return [IssueNoted(at=at, said=said)]
        case NoteResolved(at=at, said=said):
            return [ResolutionNoted(at=at, said=said)]
        case _:
            return []
