"""What happens when something is asked of a respondent. History (not live) is counted, but nobody is invited for it."""
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from chassis.domain.decider import Command, Decider, Wake
from contracts.surveys import IssueResolved
from services.surveys.commands import (
    AnswerByLink,
    ChangeConsent,
    ForgetRespondent,
    HearAnswer,
    HearWin,
    Invite,
    NoteDelivery,
    ResolveIssue,
)
from services.surveys.decider.invitations import invite, wake, wake_at, win
from services.surveys.decider.responses import by_link, hear
from services.surveys.definitions import Surveys
from services.surveys.state import (
    RANK,
    AnswerRefused,
    Consent,
    ConsentNoted,
    DeliveryNoted,
    Respondent,
    RespondentForgotten,
    Stamp,
    evolve,
    new_respondent,
)

Events = list[Any]
PURPOSES = ("survey", "surveys", "any", "all", "*")


def respondent_decider(surveys: Surveys) -> Decider[Command, Respondent]:
    return Decider(partial(decide, surveys), evolve, new_respondent, partial(wake_at, surveys))


def decide(surveys: Surveys, command: Command, state: Respondent) -> Sequence[Any]:
    answer = _DECIDE.get(type(command))
    if answer is None:
        return ()
    if state.erased and not isinstance(command, ResolveIssue):
        return [AnswerRefused(reason="unknown")] if isinstance(command, AnswerByLink) else ()
    return answer(surveys, command, state)


def _delivery(_surveys: Surveys, command: NoteDelivery, state: Respondent) -> Events:
    known = state.invitations.get(command.invitation_id)
    if known is None or RANK[command.status] <= RANK[known.delivery]:
        return []
    return [DeliveryNoted(invitation_id=command.invitation_id, status=command.status)]


def _consent(_surveys: Surveys, command: ChangeConsent, state: Respondent) -> Events:
    said = command.said
    if said.purpose.lower() not in PURPOSES:
        return []
    key = f"{said.contact_id or ''}|{said.channel.lower()}"
    consent = Consent(granted=said.granted, stamp=Stamp(at=command.at, source=command.actor, ref=command.ref))
    known = state.consents.get(key)
    newer = known is None or consent.stamp.after(known.stamp)
    return [ConsentNoted(key=key, consent=consent)] if newer else []


def _resolve(_surveys: Surveys, command: ResolveIssue, state: Respondent) -> Events:
    known = state.issues.get(command.issue_id)
    if known is None or known.resolved:
        return []
    return [IssueResolved(respondent_id=state.respondent_id, issue_id=command.issue_id, survey=known.survey,
                          context=known.context, note=command.note, actor_id=command.actor or None)]


def _forget(_surveys: Surveys, _command: ForgetRespondent, _state: Respondent) -> Events:
    return [RespondentForgotten()]


_DECIDE: Mapping[type, Callable[[Surveys, Any, Respondent], Events]] = {
    HearWin: win,
    Invite: invite,
    Wake: wake,
    HearAnswer: hear,
    AnswerByLink: by_link,
    NoteDelivery: _delivery,
    ChangeConsent: _consent,
    ResolveIssue: _resolve,
    ForgetRespondent: _forget,
}
