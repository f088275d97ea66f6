"""What counts as an answer, and which answer makes an issue."""
from datetime import datetime
from typing import Any

from chassis.domain.decider import Command, DeadLetter
from contracts.crm import SurveyResponded
from contracts.surveys import IssueRaised, SurveyAnswerAccepted, SurveyContext
from services.surveys.commands import AnswerByLink, HearAnswer
from services.surveys.decider.answers import clean, digest_of, faults
from services.surveys.decider.ids import issue_id
from services.surveys.definitions import Survey, Surveys
from services.surveys.state import AnswerRefused, Given, Invitation, Respondent, ResponseNoted, Stamp

Events = list[Any]


def hear(surveys: Surveys, command: HearAnswer, state: Respondent) -> Events:
    said = command.said
    answers = clean(said.answers)
    digest = digest_of(said.survey, said.invitation_id, answers, said.complete)
    known = state.responses.get(said.response_id)
    if known is not None:
        return [] if known == digest else [DeadLetter("already_known", "this response was heard with other answers")]
    invitation = _matching(state, said, command.at)
    survey = surveys.version(invitation.model) if invitation else surveys.one(said.survey)
    if survey is None or survey.name != said.survey:
        return [DeadLetter("invalid_answer", f"there is no survey {said.survey!r} that asked for this answer")]
    wrong = faults(survey, answers, complete=said.complete)
    if wrong:
        return [DeadLetter("invalid_answer", "; ".join(f"{f.pointer} {f.message}" for f in wrong[:10]))]
    if invitation is not None and command.at >= invitation.expires_at:
        return [DeadLetter("invitation_expired", f"the invitation expired at {invitation.expires_at.isoformat()}")]
    key = invitation.invitation_id if invitation else said.invitation_id or f"response/{said.response_id}"
    given = Given(response_id=said.response_id, survey=survey.name, answers=answers, complete=said.complete,
                  stamp=Stamp(at=command.at, source=command.actor, ref=command.ref))
    context = invitation.context if invitation else _of_answer(said)
    return _counted(survey, command, state, key, given, digest, invitation, context, said.respondent_kind)


def _matching(state: Respondent, said: SurveyResponded, at: datetime) -> Invitation | None:
    """By its id, else the newest invitation of the survey that is open for this contact."""
    if said.invitation_id is not None:
        return state.invitations.get(said.invitation_id)
    fitting = [i for i in state.invitations.values() if i.survey == said.survey and i.at <= at < i.expires_at
               and not state.answered(i.invitation_id) and (None in (said.contact_id, i.contact_id)
                                                            or said.contact_id == i.contact_id)]
    return max(fitting, key=lambda i: (i.at, i.invitation_id), default=None)


def _of_answer(said: SurveyResponded) -> SurveyContext:
    customer = said.customer_id or (said.respondent_id if said.respondent_kind == "customer" else None)
    return SurveyContext(
        business_line=said.business_line, region=said.region, team=said.team, rep_id=said.rep_id, customer_id=customer,
        opportunity_id=said.opportunity_id, product_id=said.product_id, dimensions=said.dimensions,
    )


def by_link(surveys: Surveys, command: AnswerByLink, state: Respondent) -> Events:
    invitation = state.invitations.get(command.invitation_id)
    survey = surveys.version(invitation.model) if invitation else None
    if invitation is None or survey is None:
        return [AnswerRefused(reason="unknown")]
    if state.answered(command.invitation_id):
        return [AnswerRefused(reason="answered")]
    if command.at >= invitation.expires_at:
        return [AnswerRefused(reason="expired")]
    answers = clean(command.answers)
    wrong = faults(survey, answers, complete=True)
    if wrong:
        return [AnswerRefused(reason="invalid", faults=wrong)]
    given = Given(response_id=f"link-{command.invitation_id}", survey=survey.name, answers=answers, complete=True,
                  stamp=Stamp(at=command.at, source=command.actor, ref=command.ref))
    return _counted(survey, command, state, command.invitation_id, given, digest_of(survey.name, answers), invitation,
                    invitation.context, invitation.respondent_kind)


def _counted(
    survey: Survey, command: Command, state: Respondent, key: str, given: Given, digest: str,
    invitation: Invitation | None, context: SurveyContext, kind: Any,
) -> Events:
    """The last complete answer counts: a partial one only until a complete one has come."""
    old = state.given.get(key)
    counts = old is None or given.complete > old.complete or (
        given.complete == old.complete and given.stamp.after(old.stamp))
    noted = ResponseNoted(response_id=given.response_id, digest=digest, key=key, given=given if counts else None)
    if not counts:
        return [noted]
    accepted = SurveyAnswerAccepted(
        respondent_id=state.respondent_id, response_id=given.response_id, survey=survey.name, answers=given.answers,
        context=context, complete=given.complete, respondent_kind=kind,
        invitation_id=None if key.startswith("response/") else key, invited_at=invitation.at if invitation else None,
        before=None if old is None else old.answers, model=survey.ref,
    )
    return [noted, accepted, *_issues(survey, command, state, key, given, context)]


def _issues(
    survey: Survey, command: Command, state: Respondent, key: str, given: Given, context: SurveyContext,
) -> Events:
    """One issue for an invitation, by the first rule that holds. History raises none: it would call for acting now."""
    id = issue_id(state.respondent_id, key)
    if not (command.live and given.complete) or id in state.issues:
        return []
    for rule in survey.issues:
        if rule.holds(given.answers):
            return [IssueRaised(respondent_id=state.respondent_id, issue_id=id, survey=survey.name,
                                response_id=given.response_id, reason=rule.reason, context=context)]
    return []
