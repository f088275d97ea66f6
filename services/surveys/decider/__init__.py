"""What happens when something is asked of a respondent. History (not live) is counted, but nobody is invited for it."""
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial, reduce
from typing import Any
from uuid import UUID, uuid5

from chassis.decider import Command, DeadLetter, Decider, Wake
from contracts.crm import SurveyResponded
from contracts.pipeline import OpportunityWon
from contracts.surveys import (
    IssueRaised,
    IssueResolved,
    SurveyAnswerAccepted,
    SurveyContext,
    SurveyInvited,
    SurveyReminded,
    SurveySuppressed,
)
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
from services.surveys.decider.answers import clean, digest_of, faults
from services.surveys.decider.fatigue import suppressed_by, withdrawn
from services.surveys.definitions import Survey, Surveys
from services.surveys.state import (
    RANK,
    AnswerRefused,
    Consent,
    ConsentNoted,
    DeliveryNoted,
    Given,
    Invitation,
    InvitationOpened,
    InvitationPlanned,
    PlanDropped,
    Planned,
    ReminderSkipped,
    Respondent,
    RespondentForgotten,
    ResponseNoted,
    Stamp,
    evolve,
    new_respondent,
)

Events = list[Any]
IDS = UUID("6d0c2c1e-56d5-5c7c-9d1e-6c1f5a0f4f4b")
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


def invitation_id(*about: str | None) -> str:
    """The same deal and survey always give the same invitation: a deal that is won twice is asked about once."""
    return uuid5(IDS, "|".join(part or "" for part in about)).hex


# --- inviting --------------------------------------------------------------------------------------------------------


def _win(surveys: Surveys, command: HearWin, state: Respondent) -> Events:
    if not command.live:
        return []
    said, events = command.said, []
    for survey in surveys.triggered("opportunity_won", command.said.opportunity.business_line):
        id = invitation_id(said.opportunity_id, survey.name)
        if id in state.invitations or id in state.planned or survey.trigger is None:
            continue
        context = _of_deal(said)
        if survey.trigger.delay:
            plan = Planned(survey=survey.name, due=command.at + survey.trigger.delay, context=context)
            events.append(InvitationPlanned(invitation_id=id, planned=plan))
        else:
            now = reduce(evolve, events, state)
            events += _invited(survey, now, command.at, id, context, "customer", None, survey.channel)
    return events


def _of_deal(said: OpportunityWon) -> SurveyContext:
    deal = said.opportunity
    return SurveyContext(
        business_line=deal.business_line, region=deal.region, team=deal.team, rep_id=deal.rep_id,
        customer_id=deal.customer_id, opportunity_id=said.opportunity_id, product_id=deal.product_id,
        dimensions=deal.dimensions,
    )


def _invite(surveys: Surveys, command: Invite, state: Respondent) -> Events:
    survey = surveys.one(command.survey)
    if survey is None or command.invitation_id in state.invitations:
        return []
    return _invited(survey, state, command.at, command.invitation_id, command.context, command.respondent_kind,
                    command.contact_id, command.channel or survey.channel)


def _invited(
    survey: Survey, state: Respondent, at: datetime, id: str, context: SurveyContext, kind: Any,
    contact_id: str | None, channel: str,
) -> Events:
    rule = suppressed_by(survey, state, at, contact_id, channel)
    if rule is not None:
        return [SurveySuppressed(respondent_id=state.respondent_id, survey=survey.name, rule=rule, context=context)]
    made = Invitation(invitation_id=id, survey=survey.name, model=survey.ref, at=at, channel=channel, context=context,
                      expires_at=at + survey.expires_after, respondent_kind=kind, contact_id=contact_id)
    return [InvitationOpened(invitation=made), SurveyInvited(
        respondent_id=state.respondent_id, invitation_id=id, survey=survey.name, url=f"/s/{id}",
        expires_at=made.expires_at, context=context, respondent_kind=kind, contact_id=contact_id, channel=channel,
        model=survey.ref,
    )]


# --- what is due -----------------------------------------------------------------------------------------------------


def wake_at(surveys: Surveys, state: Respondent) -> datetime | None:
    if state.erased:
        return None
    reminders = [due for i in state.invitations.values() if (due := _remind_at(surveys, state, i)) is not None]
    return min([*reminders, *(plan.due for plan in state.planned.values())], default=None)


def _remind_at(surveys: Surveys, state: Respondent, invitation: Invitation) -> datetime | None:
    survey = surveys.version(invitation.model)
    if survey is None or survey.remind_after is None or invitation.reminded:
        return None
    return None if state.answered(invitation.invitation_id) else invitation.at + survey.remind_after


def _wake(surveys: Surveys, command: Wake, state: Respondent) -> Events:
    events: Events = []
    for id, plan in state.planned.items():
        if plan.due <= command.at:
            events += _planned(surveys, command, reduce(evolve, events, state), id, plan)
    for invitation in state.invitations.values():
        due = _remind_at(surveys, state, invitation)
        if due is not None and due <= command.at:
            events.append(_reminder(command, state, invitation))
    return events


def _planned(surveys: Surveys, command: Wake, state: Respondent, id: str, plan: Planned) -> Events:
    survey = surveys.one(plan.survey)
    made = _invited(survey, state, plan.due, id, plan.context, "customer", None, survey.channel) \
        if survey is not None and command.live else []
    opened = any(isinstance(event, InvitationOpened) for event in made)
    return made if opened else [PlanDropped(invitation_id=id), *made]


def _reminder(command: Wake, state: Respondent, invitation: Invitation) -> Any:
    silent = not command.live or invitation.delivery == "bounced" or command.at >= invitation.expires_at
    if silent or withdrawn(state, invitation.contact_id, invitation.channel):
        return ReminderSkipped(invitation_id=invitation.invitation_id)
    return SurveyReminded(respondent_id=state.respondent_id, invitation_id=invitation.invitation_id,
                          survey=invitation.survey, context=invitation.context)


# --- answering -------------------------------------------------------------------------------------------------------


def _answer(surveys: Surveys, command: HearAnswer, state: Respondent) -> Events:
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


def _by_link(surveys: Surveys, command: AnswerByLink, state: Respondent) -> Events:
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
    issue_id = uuid5(IDS, f"issue|{state.respondent_id}|{key}").hex
    if not (command.live and given.complete) or issue_id in state.issues:
        return []
    for rule in survey.issues:
        if rule.holds(given.answers):
            return [IssueRaised(respondent_id=state.respondent_id, issue_id=issue_id, survey=survey.name,
                                response_id=given.response_id, reason=rule.reason, context=context)]
    return []


# --- the rest --------------------------------------------------------------------------------------------------------


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
    HearWin: _win,
    Invite: _invite,
    Wake: _wake,
    HearAnswer: _answer,
    AnswerByLink: _by_link,
    NoteDelivery: _delivery,
    ChangeConsent: _consent,
    ResolveIssue: _resolve,
    ForgetRespondent: _forget,
}
