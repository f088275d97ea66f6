"""Who is invited, and what is due: invitations that wait, reminders of open ones. Nobody is invited for history."""
from datetime import datetime
from functools import reduce
from typing import Any

from chassis.domain.decider import Wake
from contracts.pipeline import OpportunityWon
from contracts.surveys import SurveyContext, SurveyInvited, SurveyReminded, SurveySuppressed
from services.surveys.commands import HearWin, Invite
from services.surveys.decider.fatigue import suppressed_by, withdrawn
from services.surveys.decider.ids import invitation_id
from services.surveys.definitions import Survey, Surveys
from services.surveys.state import (
    Invitation,
    InvitationOpened,
    InvitationPlanned,
    PlanDropped,
    Planned,
    ReminderSkipped,
    Respondent,
    evolve,
)

Events = list[Any]


def win(surveys: Surveys, command: HearWin, state: Respondent) -> Events:
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


def invite(surveys: Surveys, command: Invite, state: Respondent) -> Events:
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


def wake(surveys: Surveys, command: Wake, state: Respondent) -> Events:
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
