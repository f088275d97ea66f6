"""An issue, as lists read it."""
from datetime import datetime

from chassis.domain.decider import State, replace
from chassis.domain.decision import EventHandlers
from contracts.surveys import IssueRaised, IssueResolved, SurveyContext


class IssueState(State, frozen=True, kw_only=True):
    issue_id: str
    respondent_id: str = ""
    survey: str = ""
    response_id: str = ""
    reason: str = ""
    context: SurveyContext = SurveyContext()
    raised_at: datetime | None = None
    resolved_at: datetime | None = None
    note: str | None = None
    actor_id: str | None = None

    @property
    def status(self) -> str:
        return "resolved" if self.resolved_at else "open"


def new_issue(issue_id: str) -> IssueState:
    return IssueState(issue_id=issue_id)


class IssueRecorded(State, frozen=True, kw_only=True):
    at: datetime
    event: IssueRaised


class ResolutionRecorded(State, frozen=True, kw_only=True):
    at: datetime
    event: IssueResolved


def _raised(state: IssueState, recorded: IssueRecorded) -> IssueState:
    event = recorded.event
    return replace(state, respondent_id=event.respondent_id, survey=event.survey, response_id=event.response_id,
                   reason=event.reason, context=event.context, raised_at=recorded.at)


def _resolved(state: IssueState, recorded: ResolutionRecorded) -> IssueState:
    return replace(state, resolved_at=recorded.at, note=recorded.event.note, actor_id=recorded.event.actor_id)


EVENTS: EventHandlers[IssueState] = {IssueRecorded: _raised, ResolutionRecorded: _resolved}
