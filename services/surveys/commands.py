"""What one may ask of a respondent, of a piece of feedback, of an issue."""
from collections.abc import Mapping
from typing import Literal

from chassis.domain.decider import Command
from contracts.crm import Answer, ConsentChanged, SurveyResponded
from contracts.pipeline import OpportunityWon
from contracts.surveys import IssueRaised, IssueResolved, SurveyAnswerAccepted, SurveyContext, SurveyInvited

RespondentKind = Literal["customer", "employee"]


class HearWin(Command, frozen=True, kw_only=True):
    said: OpportunityWon


class Invite(Command, frozen=True, kw_only=True):
    """By hand; the same fatigue rules hold."""

    survey: str
    invitation_id: str
    context: SurveyContext
    respondent_kind: RespondentKind = "customer"
    contact_id: str | None = None
    channel: str | None = None


class HearAnswer(Command, frozen=True, kw_only=True):
    said: SurveyResponded


class AnswerByLink(Command, frozen=True, kw_only=True):
    """On our own page: once, in time, and complete."""

    invitation_id: str
    answers: Mapping[str, Answer]


class NoteDelivery(Command, frozen=True, kw_only=True):
    invitation_id: str
    status: Literal["delivered", "bounced", "opened"]


class ChangeConsent(Command, frozen=True, kw_only=True):
    said: ConsentChanged


class ResolveIssue(Command, frozen=True, kw_only=True):
    issue_id: str
    note: str | None = None


class ForgetRespondent(Command, frozen=True, kw_only=True):
    """Remove what the person wrote; keep what keeps a repeat from counting again."""


class NoteInvited(Command, frozen=True, kw_only=True):
    said: SurveyInvited


class NoteAnswered(Command, frozen=True, kw_only=True):
    said: SurveyAnswerAccepted


class NoteRaised(Command, frozen=True, kw_only=True):
    said: IssueRaised


class NoteResolved(Command, frozen=True, kw_only=True):
    said: IssueResolved
