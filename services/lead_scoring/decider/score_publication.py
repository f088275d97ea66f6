"""Score publication: which of scored, qualified and disqualified is published after the facts of a command."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.kinds import Dimensions
from contracts.lead_scoring import LeadDisqualified, LeadQualified, LeadScored, ScoreBefore
from services.lead_scoring.decider.fields import PLAIN
from services.lead_scoring.decider.lead_decision import LeadDecision
from services.lead_scoring.decider.scoring import reached_at, score
from services.lead_scoring.definitions.scorecard import Scorecard
from services.lead_scoring.state.events import QualificationResolved, QualificationScheduled
from services.lead_scoring.state.model import LatestScore, LeadState, field_value, field_values

_DIMENSIONS = tuple(name for name in Dimensions.__struct_fields__ if name in PLAIN)


def publish_score(decision: LeadDecision, at: datetime, late: bool) -> None:
    """`late`: the command's business time `at` lies before facts that are known already."""
    card, was_qualified = decision.scorecard, decision.state.qualified
    if card is None or decision.state.captured_at is None:
        return
    now = score(card, decision.state)
    if now != decision.state.scored:
        decision.emit(_scored(decision.state, now))
    if late:
        _qualify_late(decision, card, at, now)
    elif not was_qualified and now.score >= card.qualify_at and _open(decision.state, at):
        qualify(decision, card, at, now.score)
    if was_qualified:
        disqualify_if_below(decision, card, at, now)


def qualify(decision: LeadDecision, card: Scorecard, at: datetime, score_then: int) -> None:
    lead = decision.state
    decision.emit(QualificationResolved(published_for=at), LeadQualified(**_outcome(lead, score_then, card)))


def disqualify_if_below(decision: LeadDecision, card: Scorecard, at: datetime, now: LatestScore) -> None:
    lead = decision.state
    if lead.qualified and now.score < card.disqualify_below and _open(lead, at):
        decision.emit(LeadDisqualified(**_outcome(lead, now.score, card)))


def _open(lead: LeadState, at: datetime) -> bool:
    """A closed lead is neither qualified nor disqualified any more."""
    return lead.closed_at is None or at < lead.closed_at


def _qualify_late(decision: LeadDecision, card: Scorecard, at: datetime, now: LatestScore) -> None:
    """A late fact may show that the lead was qualified at another time, or earlier than published.

    A qualification at the fact's own time is published at once, one at another time by a deadline of that time.
    """
    lead = decision.state
    first = lead.first_qualified_at
    reached = None if first is not None and first <= at else reached_at(card, lead)
    if reached is None or (first is not None and first <= reached):
        again = first is not None and not lead.qualified and now.score >= card.qualify_at
        if again and lead.as_of and not lead.closed:
            decision.emit(QualificationScheduled(at=lead.as_of))
    elif reached == at:
        qualify(decision, card, reached, score(card, lead, reached).score)
    elif reached != lead.due:
        decision.emit(QualificationScheduled(at=reached))


def _outcome(lead: LeadState, points: int, card: Scorecard) -> dict[str, Any]:
    return {"lead_id": lead.lead_id, "captured_at": lead.captured_at, "score": points, "model": card.ref,
            "source": field_value(lead, "source"), **_dimensions(lead)}


def _scored(lead: LeadState, now: LatestScore) -> LeadScored:
    before = None if lead.scored is None else ScoreBefore(score=lead.scored.score, grade=lead.scored.grade)
    return LeadScored(
        lead_id=lead.lead_id, score=now.score, grade=now.grade, fit=now.fit, engagement=now.engagement,
        model=now.model, contributions=now.contributions, before=before, **_dimensions(lead),
    )


def _dimensions(lead: LeadState) -> Mapping[str, Any]:
    known = field_values(lead)
    labels: dict[str, Any] = {name: known.get(name) for name in _DIMENSIONS}
    return labels | {"dimensions": known["dimensions"] or None}
