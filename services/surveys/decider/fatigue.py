"""Who must not be asked now, and by which rule. Distances in time count both ways, so late events change nothing."""
from datetime import datetime

from services.surveys.definitions import Survey
from services.surveys.state import Respondent

EVERY_CHANNEL = ("any", "all", "*")


def suppressed_by(survey: Survey, state: Respondent, at: datetime, contact_id: str | None, channel: str) -> str | None:
    """The rule that forbids asking this respondent at that time; None: ask."""
    if withdrawn(state, contact_id, channel):
        return "consent"
    fatigue = survey.fatigue
    asked = [(i.survey, abs(at - i.at)) for i in state.invitations.values()]
    if any(name == survey.name and away < fatigue.recontact for name, away in asked):
        return "recontact"
    if any(away < fatigue.cooldown for _, away in asked):
        return "cooldown"
    if fatigue.most is not None and sum(away < fatigue.per for _, away in asked) >= fatigue.most:
        return "max_per_period"
    return None


def withdrawn(state: Respondent, contact_id: str | None, channel: str) -> bool:
    """The latest word counts, of the respondent as a whole and of the contact, on this channel or on all."""
    keys = [f"{contact}|{name}" for contact in {"", contact_id or ""} for name in (channel, *EVERY_CHANNEL)]
    said = [state.consents[key] for key in keys if key in state.consents]
    if not said:
        return False
    latest = said[0]
    for consent in said[1:]:
        latest = consent if consent.stamp.after(latest.stamp) else latest
    return not latest.granted
