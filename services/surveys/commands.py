"""Commands of respondents, feedback and issues. Most carry the event of their message."""
from collections.abc import Mapping
from typing import Literal

from chassis.domain.decider import Command
from contracts.crm import Answer, ConsentChanged, SurveyResponded
from contracts.pipeline import OpportunityWon
from contracts.surveys import IssueRaised, IssueResolved, SurveyAnswerAccepted, SurveyContext, SurveyInvited

RespondentKind = Literal["customer", "employee"]


class InviteAfterWin(Command, frozen=True, kw_only=True):
    event: OpportunityWon


class Invite(Command, frozen=True, kw_only=True):
    """By request; the same fatigue rules apply."""

    survey: str
    invitation_id: str
    context: SurveyContext
    respondent_kind: RespondentKind = "customer"
    contact_id: str | None = None
    channel: str | None = None


class RecordResponse(Command, frozen=True, kw_only=True):
    event: SurveyResponded


class AnswerByLink(Command, frozen=True, kw_only=True):
    """On the public page: once, before the invitation expires, and complete."""

    invitation_id: str
    answers: Mapping[str, Answer]


class RecordDelivery(Command, frozen=True, kw_only=True):
    invitation_id: str
    status: Literal["delivered", "bounced", "opened"]


class ChangeConsent(Command, frozen=True, kw_only=True):
    event: ConsentChanged


class ResolveIssue(Command, frozen=True, kw_only=True):
    issue_id: str
    note: str | None = None


class EraseRespondent(Command, frozen=True, kw_only=True):
    """Removes what the person wrote; ids of responses stay, so that a repeat does not count again."""


class RecordInvitation(Command, frozen=True, kw_only=True):
    event: SurveyInvited


class RecordAnswer(Command, frozen=True, kw_only=True):
    event: SurveyAnswerAccepted


class RecordIssue(Command, frozen=True, kw_only=True):
    event: IssueRaised


class RecordResolution(Command, frozen=True, kw_only=True):
    event: IssueResolved
