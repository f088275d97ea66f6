"""A respondent: invitations (the fatigue rules read them), the answers that count, issues, consents."""
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from chassis.domain.decider import State, replace
from chassis.domain.decision import EventHandlers
from contracts.crm import Answer
from contracts.surveys import IssueRaised, IssueResolved, SurveyContext, SurveyReminded

Answers = Mapping[str, Answer]
Delivery = Literal["", "delivered", "bounced", "opened"]
DELIVERY_RANK: Mapping[str, int] = {"": 0, "delivered": 1, "bounced": 2, "opened": 3}


class Stamp(State, frozen=True, kw_only=True):
    """When, by which source and in which message: orders contradicting values."""

    at: datetime
    source: str = ""
    ref: str = ""

    def after(self, other: "Stamp") -> bool:
        return (self.at, self.source, self.ref) > (other.at, other.source, other.ref)


class SentInvitation(State, frozen=True, kw_only=True):
    invitation_id: str
    survey: str
    model: str
    at: datetime
    expires_at: datetime
    context: SurveyContext
    channel: str
    respondent_kind: Literal["customer", "employee"] = "customer"
    contact_id: str | None = None
    delivery: Delivery = ""
    reminded: bool = False


class PlannedInvitation(State, frozen=True, kw_only=True):
    """An invitation that waits for its delay to pass."""

    survey: str
    due: datetime
    context: SurveyContext


class CountedAnswer(State, frozen=True, kw_only=True):
    """The answer that counts for an invitation (or, without one, for its own response)."""

    response_id: str
    survey: str
    answers: Answers
    complete: bool
    stamp: Stamp


class RaisedIssue(State, frozen=True, kw_only=True):
    survey: str
    context: SurveyContext
    resolved: bool = False


class Consent(State, frozen=True, kw_only=True):
    granted: bool
    stamp: Stamp


class RespondentState(State, frozen=True, kw_only=True):
    respondent_id: str
    invitations: Mapping[str, SentInvitation] = {}
    planned: Mapping[str, PlannedInvitation] = {}
    given: Mapping[str, CountedAnswer] = {}  # by invitation id, else by response id
    responses: Mapping[str, str] = {}  # response id -> digest, to recognise a repeat for ever
    issues: Mapping[str, RaisedIssue] = {}
    consents: Mapping[str, Consent] = {}  # "contact|channel" (contact empty: the respondent as a whole)
    erased: bool = False

    def answered(self, invitation_id: str) -> bool:
        answer = self.given.get(invitation_id)
        return answer is not None and answer.complete


def new_respondent(respondent_id: str) -> RespondentState:
    return RespondentState(respondent_id=respondent_id)


# --- unpublished events ----------------------------------------------------------------------------------------------


class InvitationPlanned(State, frozen=True, kw_only=True):
    invitation_id: str
    planned: PlannedInvitation


class InvitationDropped(State, frozen=True, kw_only=True):
    """A planned invitation is not sent."""

    invitation_id: str


class InvitationSent(State, frozen=True, kw_only=True):
    invitation: SentInvitation


class ReminderSkipped(State, frozen=True, kw_only=True):
    invitation_id: str


class ResponseRecorded(State, frozen=True, kw_only=True):
    """`given` is None when an earlier answer continues to count."""

    response_id: str
    digest: str
    key: str
    given: CountedAnswer | None


class DeliveryRecorded(State, frozen=True, kw_only=True):
    invitation_id: str
    status: Delivery


class ConsentRecorded(State, frozen=True, kw_only=True):
    key: str
    consent: Consent


class AnswerError(State, frozen=True, kw_only=True):
    """One error of an answer; `pointer` (RFC 6901) is its location."""

    code: str
    pointer: str
    message: str


class AnswerRefused(State, frozen=True, kw_only=True):
    """An answer on the public page that does not count. Changes nothing."""

    reason: Literal["unknown", "answered", "expired", "invalid"]
    faults: tuple[AnswerError, ...] = ()


class RespondentAnonymised(State, frozen=True, kw_only=True):
    pass


# --- event handlers --------------------------------------------------------------------------------------------------


def _planned(state: RespondentState, event: InvitationPlanned) -> RespondentState:
    return replace(state, planned={**state.planned, event.invitation_id: event.planned})


def _dropped(state: RespondentState, event: InvitationDropped) -> RespondentState:
    return _without_plan(state, event.invitation_id)


def _sent(state: RespondentState, event: InvitationSent) -> RespondentState:
    sent = event.invitation
    invitations = {**state.invitations, sent.invitation_id: sent}
    return _without_plan(replace(state, invitations=invitations), sent.invitation_id)


def _without_plan(state: RespondentState, invitation_id: str) -> RespondentState:
    return replace(state, planned={k: v for k, v in state.planned.items() if k != invitation_id})


def _reminded(state: RespondentState, event: SurveyReminded | ReminderSkipped) -> RespondentState:
    sent = state.invitations[event.invitation_id]
    return replace(state, invitations={**state.invitations, event.invitation_id: replace(sent, reminded=True)})


def _responded(state: RespondentState, event: ResponseRecorded) -> RespondentState:
    given = state.given if event.given is None else {**state.given, event.key: event.given}
    return replace(state, given=given, responses={**state.responses, event.response_id: event.digest})


def _delivered(state: RespondentState, event: DeliveryRecorded) -> RespondentState:
    sent = state.invitations[event.invitation_id]
    return replace(state, invitations={**state.invitations, event.invitation_id: replace(sent, delivery=event.status)})


def _consent_recorded(state: RespondentState, event: ConsentRecorded) -> RespondentState:
    return replace(state, consents={**state.consents, event.key: event.consent})


def _raised(state: RespondentState, event: IssueRaised) -> RespondentState:
    issue = RaisedIssue(survey=event.survey, context=event.context)
    return replace(state, issues={**state.issues, event.issue_id: issue})


def _resolved(state: RespondentState, event: IssueResolved) -> RespondentState:
    issue = state.issues[event.issue_id]
    return replace(state, issues={**state.issues, event.issue_id: replace(issue, resolved=True)})


def _anonymised(state: RespondentState, _event: RespondentAnonymised) -> RespondentState:
    """Invitations, whose only personal data is their time, and ids of responses stay."""
    return RespondentState(respondent_id=state.respondent_id, erased=True, invitations=state.invitations,
                           responses=dict.fromkeys(state.responses, ""), issues=state.issues)


EVENTS: EventHandlers[RespondentState] = {
    InvitationPlanned: _planned,
    InvitationDropped: _dropped,
    InvitationSent: _sent,
    SurveyReminded: _reminded,
    ReminderSkipped: _reminded,
    ResponseRecorded: _responded,
    DeliveryRecorded: _delivered,
    ConsentRecorded: _consent_recorded,
    IssueRaised: _raised,
    IssueResolved: _resolved,
    RespondentAnonymised: _anonymised,
}
