"""Decider of respondents. History (not live) is counted, but nobody is invited for it."""
from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.domain.decider import DeadlineReached, Decider
from chassis.domain.decision import CommandHandlers, table_decider
from contracts.surveys import IssueResolved
from services.surveys.commands import (
    AnswerByLink,
    ChangeConsent,
    EraseRespondent,
    Invite,
    InviteAfterWin,
    RecordDelivery,
    RecordResponse,
    ResolveIssue,
)
from services.surveys.decider.invitations import (
    RespondentDecision,
    invite,
    invite_after_win,
    next_deadline,
    reach_deadline,
)
from services.surveys.decider.responses import answer_by_link, record_response
from services.surveys.definitions.survey import Surveys
from services.surveys.state.respondent import (
    DELIVERY_RANK,
    EVENTS,
    AnswerRefused,
    Consent,
    ConsentRecorded,
    DeliveryRecorded,
    RespondentAnonymised,
    RespondentState,
    Stamp,
    new_respondent,
)

CommandHandler = Callable[[RespondentDecision, Any], None]
PURPOSES = ("survey", "surveys", "any", "all", "*")


def respondent_decider(surveys: Surveys) -> Decider[Any, RespondentState]:
    return table_decider(COMMANDS, EVENTS, new_respondent, definitions=surveys,
                         next_deadline=partial(next_deadline, surveys))


def _unless_erased(handle: CommandHandler) -> CommandHandler:
    def handle_known(decision: RespondentDecision, command: Any) -> None:
        if not decision.state.erased:
            handle(decision, command)

    return handle_known


def _answer_by_link(decision: RespondentDecision, command: AnswerByLink) -> None:
    if decision.state.erased:
        decision.emit(AnswerRefused(reason="unknown"))
    else:
        answer_by_link(decision, command)


def _record_delivery(decision: RespondentDecision, command: RecordDelivery) -> None:
    known = decision.state.invitations.get(command.invitation_id)
    if known is not None and DELIVERY_RANK[command.status] > DELIVERY_RANK[known.delivery]:
        decision.emit(DeliveryRecorded(invitation_id=command.invitation_id, status=command.status))


def _change_consent(decision: RespondentDecision, command: ChangeConsent) -> None:
    event = command.event
    if event.purpose.lower() not in PURPOSES:
        return
    key = f"{event.contact_id or ''}|{event.channel.lower()}"
    consent = Consent(granted=event.granted, stamp=Stamp(at=command.at, source=command.actor, ref=command.ref))
    known = decision.state.consents.get(key)
    if known is None or consent.stamp.after(known.stamp):
        decision.emit(ConsentRecorded(key=key, consent=consent))


def _resolve_issue(decision: RespondentDecision, command: ResolveIssue) -> None:
    state = decision.state
    known = state.issues.get(command.issue_id)
    if known is not None and not known.resolved:
        decision.emit(IssueResolved(
            respondent_id=state.respondent_id, issue_id=command.issue_id, survey=known.survey, context=known.context,
            note=command.note, actor_id=command.actor or None))


def _erase(decision: RespondentDecision, _command: EraseRespondent) -> None:
    decision.emit(RespondentAnonymised())


COMMANDS: CommandHandlers[RespondentDecision] = {
    InviteAfterWin: _unless_erased(invite_after_win),
    Invite: _unless_erased(invite),
    DeadlineReached: _unless_erased(reach_deadline),
    RecordResponse: _unless_erased(record_response),
    AnswerByLink: _answer_by_link,
    RecordDelivery: _unless_erased(_record_delivery),
    ChangeConsent: _unless_erased(_change_consent),
    ResolveIssue: _resolve_issue,
    EraseRespondent: _unless_erased(_erase),
}
