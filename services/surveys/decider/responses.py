"""Responses: which answer counts for an invitation, and which answer raises an issue."""
from datetime import datetime
from typing import Any

from chassis.domain.decider import Command
from contracts.crm import SurveyResponded
from contracts.surveys import IssueRaised, SurveyAnswerAccepted, SurveyContext
from services.surveys.commands import AnswerByLink, RecordResponse
from services.surveys.decider.answers import answer_errors, digest_of, normalised
from services.surveys.decider.ids import issue_id
from services.surveys.decider.invitations import RespondentDecision
from services.surveys.definitions.survey import SurveyDefinition
from services.surveys.state.respondent import (
    AnswerRefused,
    CountedAnswer,
    RespondentState,
    ResponseRecorded,
    SentInvitation,
    Stamp,
)


def record_response(decision: RespondentDecision, command: RecordResponse) -> None:
    event, state = command.event, decision.state
    answers = normalised(event.answers)
    digest = digest_of(event.survey, event.invitation_id, answers, event.complete)
    known = state.responses.get(event.response_id)
    if known is not None:
        if known != digest:
            decision.decline("already_known", "response was recorded before with different answers")
        return
    invitation = _invitation_of(state, event, command.at)
    survey = decision.definitions.version(invitation.model) if invitation else decision.definitions.find(event.survey)
    if survey is None or survey.name != event.survey:
        decision.decline("invalid_answer", f"survey {event.survey!r} is not defined, or not that of the invitation")
    elif errors := answer_errors(survey, answers, complete=event.complete):
        decision.decline("invalid_answer", "; ".join(f"{e.pointer} {e.message}" for e in errors[:10]))
    elif invitation is not None and command.at >= invitation.expires_at:
        decision.decline("invitation_expired", f"invitation expired at {invitation.expires_at.isoformat()}")
    else:
        key = invitation.invitation_id if invitation else event.invitation_id or f"response/{event.response_id}"
        answer = _answer(command, event.response_id, survey, answers, event.complete)
        context = invitation.context if invitation else _response_context(event)
        _count(decision, survey, command, key, answer, digest, invitation, context, event.respondent_kind)


def _invitation_of(state: RespondentState, event: SurveyResponded, at: datetime) -> SentInvitation | None:
    """The named one, else the newest open invitation of the survey for this contact."""
    if event.invitation_id is not None:
        return state.invitations.get(event.invitation_id)
    matching = [i for i in state.invitations.values() if i.survey == event.survey and i.at <= at < i.expires_at
                and not state.answered(i.invitation_id) and (None in (event.contact_id, i.contact_id)
                                                             or event.contact_id == i.contact_id)]
    return max(matching, key=lambda i: (i.at, i.invitation_id), default=None)


def _response_context(event: SurveyResponded) -> SurveyContext:
    customer = event.customer_id or (event.respondent_id if event.respondent_kind == "customer" else None)
    return SurveyContext(
        business_line=event.business_line, region=event.region, team=event.team, rep_id=event.rep_id,
        customer_id=customer, opportunity_id=event.opportunity_id, product_id=event.product_id,
        dimensions=event.dimensions,
    )


def answer_by_link(decision: RespondentDecision, command: AnswerByLink) -> None:
    state = decision.state
    invitation = state.invitations.get(command.invitation_id)
    survey = decision.definitions.version(invitation.model) if invitation else None
    if invitation is None or survey is None:
        decision.emit(AnswerRefused(reason="unknown"))
        return
    if state.answered(command.invitation_id):
        decision.emit(AnswerRefused(reason="answered"))
        return
    if command.at >= invitation.expires_at:
        decision.emit(AnswerRefused(reason="expired"))
        return
    answers = normalised(command.answers)
    if errors := answer_errors(survey, answers, complete=True):
        decision.emit(AnswerRefused(reason="invalid", faults=errors))
        return
    answer = _answer(command, f"link-{command.invitation_id}", survey, answers, True)
    _count(decision, survey, command, command.invitation_id, answer, digest_of(survey.name, answers), invitation,
           invitation.context, invitation.respondent_kind)


def _answer(
    command: Command, response_id: str, survey: SurveyDefinition, answers: dict[str, Any], complete: bool,
) -> CountedAnswer:
    stamp = Stamp(at=command.at, source=command.actor, ref=command.ref)
    return CountedAnswer(response_id=response_id, survey=survey.name, answers=answers, complete=complete, stamp=stamp)


def _count(
    decision: RespondentDecision, survey: SurveyDefinition, command: Command, key: str, answer: CountedAnswer,
    digest: str, invitation: SentInvitation | None, context: SurveyContext, kind: Any,
) -> None:
    """The last complete answer counts; a partial one only until a complete one arrives."""
    state = decision.state
    old = state.given.get(key)
    counts = old is None or answer.complete > old.complete or (
        answer.complete == old.complete and answer.stamp.after(old.stamp))
    decision.emit(ResponseRecorded(
        response_id=answer.response_id, digest=digest, key=key, given=answer if counts else None))
    if not counts:
        return
    decision.emit(SurveyAnswerAccepted(
        respondent_id=state.respondent_id, response_id=answer.response_id, survey=survey.name, answers=answer.answers,
        context=context, complete=answer.complete, respondent_kind=kind,
        invitation_id=None if key.startswith("response/") else key, invited_at=invitation.at if invitation else None,
        before=None if old is None else old.answers, model=survey.ref,
    ))
    _raise_issue(decision, survey, command, key, answer, context)


def _raise_issue(
    decision: RespondentDecision, survey: SurveyDefinition, command: Command, key: str, answer: CountedAnswer,
    context: SurveyContext,
) -> None:
    """At most one issue per invitation, by the first rule that is met. History raises none: issues call for action."""
    state = decision.state
    id = issue_id(state.respondent_id, key)
    if not (command.live and answer.complete) or id in state.issues:
        return
    rule = next((rule for rule in survey.issues if rule.when.is_met(answer.answers)), None)
    if rule is not None:
        decision.emit(IssueRaised(
            respondent_id=state.respondent_id, issue_id=id, survey=survey.name, response_id=answer.response_id,
            reason=rule.reason, context=context))
