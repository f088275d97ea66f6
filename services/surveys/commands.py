"""What one may ask of a respondent, of a piece of feedback, of an issue."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chassis.decider import Command
from contracts.crm import Answer, ConsentChanged, SurveyResponded
from contracts.pipeline import OpportunityWon
from contracts.surveys import IssueRaised, IssueResolved, SurveyAnswerAccepted, SurveyContext, SurveyInvited

RespondentKind = Literal["customer", "employee"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HearWin(Command):
    said: OpportunityWon


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite(Command):
    """By hand; the same fatigue rules hold."""

    survey: str
    invitation_id: str
    context: SurveyContext
    respondent_kind: RespondentKind = "customer"
    contact_id: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearAnswer(Command):
    said: SurveyResponded


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerByLink(Command):
    """On our own page: once, in time, and complete."""

    invitation_id: str
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDelivery(Command):
    invitation_id: str
    status: Literal["delivered", "bounced", "opened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeConsent(Command):
    said: ConsentChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIssue(Command):
    issue_id: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRespondent(Command):
    """Remove what the person wrote; keep what keeps a repeat from counting again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteInvited(Command):
    said: SurveyInvited


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAnswered(Command):
    said: SurveyAnswerAccepted


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRaised(Command):
    said: IssueRaised


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteResolved(Command):
    said: IssueResolved
