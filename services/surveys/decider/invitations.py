"""Invitations: who is invited, delayed invitations, reminders. Nobody is invited for history."""
from datetime import datetime
from typing import Any

from chassis.domain.decider import DeadlineReached
from chassis.domain.decision import DecisionBuilder
from contracts.pipeline import OpportunityWon
from contracts.surveys import SurveyContext, SurveyInvited, SurveyReminded, SurveySuppressed
from services.surveys.commands import Invite, InviteAfterWin
from services.surveys.decider.fatigue import consent_withdrawn, suppressing_rule
from services.surveys.decider.ids import invitation_id
from services.surveys.definitions.survey import SurveyDefinition, Surveys
from services.surveys.state.respondent import (
    InvitationDropped,
    InvitationPlanned,
    InvitationSent,
    PlannedInvitation,
    ReminderSkipped,
    RespondentState,
    SentInvitation,
)

RespondentDecision = DecisionBuilder[RespondentState, Surveys]


def invite_after_win(decision: RespondentDecision, command: InviteAfterWin) -> None:
    if not command.live:
        return
    event, before = command.event, decision.state
    for survey in decision.definitions.triggered("opportunity_won", event.opportunity.business_line):
        id = invitation_id(event.opportunity_id, survey.name)
        if id in before.invitations or id in before.planned or survey.trigger is None:
            continue
        context = _deal_context(event)
        if survey.trigger.delay:
            plan = PlannedInvitation(survey=survey.name, due=command.at + survey.trigger.delay, context=context)
            decision.emit(InvitationPlanned(invitation_id=id, planned=plan))
        else:
            _send(decision, survey, command.at, id, context, "customer", None, survey.channel)


def _deal_context(event: OpportunityWon) -> SurveyContext:
    deal = event.opportunity
    return SurveyContext(
        business_line=deal.business_line, region=deal.region, team=deal.team, rep_id=deal.rep_id,
        customer_id=deal.customer_id, opportunity_id=event.opportunity_id, product_id=deal.product_id,
        dimensions=deal.dimensions,
    )


def invite(decision: RespondentDecision, command: Invite) -> None:
    survey = decision.definitions.find(command.survey)
    if survey is not None and command.invitation_id not in decision.state.invitations:
        _send(decision, survey, command.at, command.invitation_id, command.context, command.respondent_kind,
              command.contact_id, command.channel or survey.channel)


def _send(
    decision: RespondentDecision, survey: SurveyDefinition, at: datetime, id: str, context: SurveyContext, kind: Any,
    contact_id: str | None, channel: str,
) -> bool:
    """Whether the invitation was sent; if not, the rule that forbids it is published."""
    state = decision.state
    rule = suppressing_rule(survey, state, at, contact_id, channel)
    if rule is not None:
        decision.emit(SurveySuppressed(
            respondent_id=state.respondent_id, survey=survey.name, rule=rule, context=context))
        return False
    sent = SentInvitation(
        invitation_id=id, survey=survey.name, model=survey.ref, at=at, channel=channel, context=context,
        expires_at=at + survey.expires_after, respondent_kind=kind, contact_id=contact_id)
    decision.emit(InvitationSent(invitation=sent), SurveyInvited(
        respondent_id=state.respondent_id, invitation_id=id, survey=survey.name, url=f"/s/{id}",
        expires_at=sent.expires_at, context=context, respondent_kind=kind, contact_id=contact_id, channel=channel,
        model=survey.ref,
    ))
    return True


# --- deadlines -------------------------------------------------------------------------------------------------------


def next_deadline(surveys: Surveys, state: RespondentState) -> datetime | None:
    if state.erased:
        return None
    reminders = [due for i in state.invitations.values() if (due := _remind_at(surveys, state, i)) is not None]
    return min([*reminders, *(plan.due for plan in state.planned.values())], default=None)


def _remind_at(surveys: Surveys, state: RespondentState, sent: SentInvitation) -> datetime | None:
    survey = surveys.version(sent.model)
    if survey is None or survey.remind_after is None or sent.reminded:
        return None
    return None if state.answered(sent.invitation_id) else sent.at + survey.remind_after


def reach_deadline(decision: RespondentDecision, command: DeadlineReached) -> None:
    """Sends the planned invitations and reminders that are due."""
    before = decision.state
    for id, plan in before.planned.items():
        if plan.due <= command.at:
            _send_planned(decision, command, id, plan)
    for sent in before.invitations.values():
        due = _remind_at(decision.definitions, before, sent)
        if due is not None and due <= command.at:
            _remind(decision, command, sent)


def _send_planned(decision: RespondentDecision, command: DeadlineReached, id: str, plan: PlannedInvitation) -> None:
    survey = decision.definitions.find(plan.survey)
    sent = survey is not None and command.live and _send(
        decision, survey, plan.due, id, plan.context, "customer", None, survey.channel)
    if not sent:
        decision.emit(InvitationDropped(invitation_id=id))


def _remind(decision: RespondentDecision, command: DeadlineReached, sent: SentInvitation) -> None:
    silent = not command.live or sent.delivery == "bounced" or command.at >= sent.expires_at
    if silent or consent_withdrawn(decision.state, sent.contact_id, sent.channel):
        decision.emit(ReminderSkipped(invitation_id=sent.invitation_id))
    else:
        decision.emit(SurveyReminded(
            respondent_id=decision.state.respondent_id, invitation_id=sent.invitation_id, survey=sent.survey,
            context=sent.context))
