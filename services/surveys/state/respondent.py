"""What is remembered of a respondent (fatigue and answers live there), and how each event changes it."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from contracts.crm import Answer
from contracts.surveys import (
    IssueRaised,
    IssueResolved,
    SurveyContext,
    SurveyReminded,
)

Answers = Mapping[str, Answer]
Delivery = Literal["", "delivered", "bounced", "opened"]
RANK: Mapping[str, int] = {"": 0, "delivered": 1, "bounced": 2, "opened": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When, by whom and in which message: what orders contradicting statements."""

    at: datetime
    source: str = ""
    ref: str = ""

    def after(self, other: "Stamp") -> bool:
        return (self.at, self.source, self.ref) > (other.at, other.source, other.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An invitation that waits for its delay to pass."""

    survey: str
    due: datetime
    context: SurveyContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The answer that counts for an invitation (or, without one, for its own response)."""

    response_id: str
    survey: str
    answers: Answers
    complete: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIssue:
    survey: str
    context: SurveyContext
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    granted: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Respondent:
    respondent_id: str
    invitations: Mapping[str, Invitation] = field(default_factory=dict)
    planned: Mapping[str, Planned] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)  # by invitation id, else by response id
    responses: Mapping[str, str] = field(default_factory=dict)  # response id -> digest, to know a repeat for ever
    issues: Mapping[str, OpenIssue] = field(default_factory=dict)
    consents: Mapping[str, Consent] = field(default_factory=dict)  # "contact|channel" (contact empty: all of them)
    erased: bool = False

    def answered(self, invitation_id: str) -> bool:
        given = self.given.get(invitation_id)
        return given is not None and given.complete


# --- what happens to a respondent, for its own memory ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPlanned:
    invitation_id: str
    planned: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDropped:
    invitation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationOpened:
    invitation: Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderSkipped:
    invitation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseNoted:
    """`given` is None when an earlier noted answer goes on counting."""

    response_id: str
    digest: str
    key: str
    given: Given | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryNoted:
    invitation_id: str
    status: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNoted:
    key: str
    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFault:
    """One thing wrong with an answer; `pointer` (RFC 6901) says where."""

    code: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRefused:
    """An answer on our page that cannot count: unknown, answered, expired, invalid. Changes nothing."""

    reason: Literal["unknown", "answered", "expired", "invalid"]
    faults: tuple[AnswerFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondentForgotten:
    pass


def _opened(state: Respondent, event: InvitationOpened) -> Respondent:
    made = event.invitation
    return _undone(replace(state, invitations={**state.invitations, made.invitation_id: made}), made.invitation_id)


def _undone(state: Respondent, invitation_id: str) -> Respondent:
    return replace(state, planned={k: v for k, v in state.planned.items() if k != invitation_id})


def _reminded(state: Respondent, event: SurveyReminded | ReminderSkipped) -> Respondent:
    known = state.invitations[event.invitation_id]
    return replace(state, invitations={**state.invitations, event.invitation_id: replace(known, reminded=True)})


def _responded(state: Respondent, event: ResponseNoted) -> Respondent:
    given = state.given if event.given is None else {**state.given, event.key: event.given}
    return replace(state, given=given, responses={**state.responses, event.response_id: event.digest})


def _delivered(state: Respondent, event: DeliveryNoted) -> Respondent:
    known = state.invitations[event.invitation_id]
    return replace(state, invitations={**state.invitations, event.invitation_id: replace(known, delivery=event.status)})


def _raised(state: Respondent, event: IssueRaised) -> Respondent:
    issue = OpenIssue(survey=event.survey, context=event.context)
    return replace(state, issues={**state.issues, event.issue_id: issue})


def _resolved(state: Respondent, event: IssueResolved) -> Respondent:
    known = state.issues[event.issue_id]
    return replace(state, issues={**state.issues, event.issue_id: replace(known, resolved=True)})


def _forgotten(state: Respondent, _event: RespondentForgotten) -> Respondent:
    """Invitations stay (they say nothing of a person but when it was asked), and ids of answers."""
    return Respondent(respondent_id=state.respondent_id, erased=True, invitations=state.invitations,
                      responses=dict.fromkeys(state.responses, ""), issues=state.issues)


_EVOLVE: Mapping[type, Callable[[Respondent, Any], Respondent]] = {
    InvitationPlanned: lambda s, e: replace(s, planned={**s.planned, e.invitation_id: e.planned}),
    PlanDropped: lambda s, e: _undone(s, e.invitation_id),
    InvitationOpened: _opened,
    SurveyReminded: _reminded,
    ReminderSkipped: _reminded,
    ResponseNoted: _responded,
    DeliveryNoted: _delivered,
    ConsentNoted: lambda s, e: replace(s, consents={**s.consents, e.key: e.consent}),
    IssueRaised: _raised,
    IssueResolved: _resolved,
    RespondentForgotten: _forgotten,
}


def evolve(state: Respondent, event: Any) -> Respondent:
    """What changes nothing in our memory (a refusal, a dead letter) is passed over."""
    change = _EVOLVE.get(type(event))
    return state if change is None else change(state, event)


def new_respondent(respondent_id: str) -> Respondent:
    return Respondent(respondent_id=respondent_id)
