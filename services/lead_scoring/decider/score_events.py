"""What is said of a lead once its score was looked at again: scored, qualified, disqualified."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.domain.decider import Command
from contracts.kinds import Dimensions
from contracts.lead_scoring import LeadDisqualified, LeadQualified, LeadScored, ScoreBefore
from services.lead_scoring.decider.fields import PLAIN
from services.lead_scoring.decider.model_selection import card_of
from services.lead_scoring.decider.scoring import reached_at, score
from services.lead_scoring.definitions import Scorecard, Scorecards
from services.lead_scoring.state import Lead, QualificationDue, QualificationSettled, Scored, value, view

Events = list[Any]


def rescored(cards: Scorecards, command: Command, lead: Lead, late: bool) -> Events:
    card = card_of(cards, lead)
    if card is None or lead.captured_at is None:
        return []
    now = score(card, lead)
    said: Events = [] if now == lead.scored else [_said(lead, now, _dimensions(lead))]
    if late:
        return [*said, *_late(card, command, lead, now), *fallen(card, command, lead, now)]
    if not lead.qualified and now.score >= card.qualify_at and _open(lead, command.at):
        return [*said, QualificationSettled(said_at=command.at), LeadQualified(**told(lead, now.score, card))]
    return [*said, *fallen(card, command, lead, now)]


def fallen(card: Scorecard, command: Command, lead: Lead, now: Scored) -> Events:
    fallen = lead.qualified and now.score < card.disqualify_below and _open(lead, command.at)
    return [LeadDisqualified(**told(lead, now.score, card))] if fallen else []


def _open(lead: Lead, at: datetime) -> bool:
    """What is over is neither qualified nor disqualified any more."""
    return lead.closed_at is None or at < lead.closed_at


def _late(card: Scorecard, command: Command, lead: Lead, now: Scored) -> Events:
    """A fact that came late may show that the lead was qualified at another time than its own, or earlier than said.

    What is said at once bears the time of the fact; another time is said by a deadline of that time.
    """
    first = lead.first_qualified_at
    reached = None if first is not None and first <= command.at else reached_at(card, lead)
    if reached is None or (first is not None and first <= reached):
        again = first is not None and not lead.qualified and now.score >= card.qualify_at
        return [QualificationDue(at=lead.as_of)] if again and lead.as_of and not lead.closed else []
    if reached == command.at:
        return [QualificationSettled(said_at=reached),
                LeadQualified(**told(lead, score(card, lead, reached).score, card))]
    return [QualificationDue(at=reached)] if reached != lead.due else []


def told(lead: Lead, now: int, card: Scorecard) -> dict[str, Any]:
    return {"lead_id": lead.lead_id, "captured_at": lead.captured_at, "score": now, "model": card.ref,
            "source": value(lead, "source"), **_dimensions(lead)}


def _said(lead: Lead, now: Scored, dimensions: Mapping[str, Any]) -> LeadScored:
    before = None if lead.scored is None else ScoreBefore(score=lead.scored.score, grade=lead.scored.grade)
    return LeadScored(
        lead_id=lead.lead_id, score=now.score, grade=now.grade, fit=now.fit, engagement=now.engagement,
        model=now.model, contributions=now.contributions, before=before, **dimensions,
    )


_DIMENSIONS = tuple(name for name in Dimensions.__struct_fields__ if name in PLAIN)


def _dimensions(lead: Lead) -> dict[str, Any]:
    known = view(lead)
    told: dict[str, Any] = {name: known.get(name) for name in _DIMENSIONS}
    return told | {"dimensions": known["dimensions"] or None}
