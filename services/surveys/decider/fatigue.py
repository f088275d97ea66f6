"""Fatigue rules: which rule forbids to invite. Distances in time count both ways, so late events change nothing."""
from datetime import datetime

from services.surveys.definitions.survey import SurveyDefinition
from services.surveys.state.respondent import RespondentState

EVERY_CHANNEL = ("any", "all", "*")


def suppressing_rule(
    survey: SurveyDefinition, state: RespondentState, at: datetime, contact_id: str | None, channel: str,
) -> str | None:
    """The rule that forbids to invite this respondent at that time; None: no rule does."""
    if consent_withdrawn(state, contact_id, channel):
        return "consent"
    fatigue = survey.fatigue
    invited = [(i.survey, abs(at - i.at)) for i in state.invitations.values()]
    if any(name == survey.name and distance < fatigue.recontact for name, distance in invited):
        return "recontact"
    if any(distance < fatigue.cooldown for _, distance in invited):
        return "cooldown"
    if fatigue.most is not None and sum(distance < fatigue.per for _, distance in invited) >= fatigue.most:
        return "max_per_period"
    return None


def consent_withdrawn(state: RespondentState, contact_id: str | None, channel: str) -> bool:
    """The latest consent counts: of the respondent as a whole or of the contact, for this channel or for all."""
    keys = [f"{contact}|{name}" for contact in {"", contact_id or ""} for name in (channel, *EVERY_CHANNEL)]
    consents = [state.consents[key] for key in keys if key in state.consents]
    if not consents:
        return False
    latest = consents[0]
    for consent in consents[1:]:
        latest = consent if consent.stamp.after(latest.stamp) else latest
    return not latest.granted
