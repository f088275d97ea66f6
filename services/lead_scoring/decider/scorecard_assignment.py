"""Scorecard assignment: by the lead's business line, once it is captured and again when its line changes."""
from services.lead_scoring.decider.lead_decision import LeadDecision
from services.lead_scoring.decider.scoring import counted_engagements
from services.lead_scoring.definitions.scorecard import Scorecard
from services.lead_scoring.state.events import ScorecardAssigned
from services.lead_scoring.state.model import EngagementTimes, LeadState, field_value


def assign_scorecard(decision: LeadDecision) -> None:
    lead, present = decision.state, decision.scorecard
    if lead.captured_at is None:
        return
    line = field_value(lead, "business_line")
    wanted = present if present is not None and present.business_line == line else decision.definitions.for_line(line)
    if wanted is None or wanted is present:
        return
    rules = {id: wanted.matching(s.on, s.kind, s.facts) for id, s in lead.signals.items() if s.kind}
    decision.emit(ScorecardAssigned(model=wanted.ref, rules=rules, marks=_marks(wanted, lead)))


def _marks(card: Scorecard, lead: LeadState) -> dict[str, EngagementTimes]:
    """Engagements that count: the parked ones, and those of the earlier scorecard under a rule of the same name."""
    rules = {rule.name: rule for rule in card.engagement if rule.on == "engagement"}
    marks = {name: counted_engagements(rule, lead.marks.get(name, {})) for name, rule in rules.items()}
    for id, signal in lead.parked.items():
        for name in card.matching(signal.on, signal.kind, signal.facts):
            marks[name] = counted_engagements(rules[name], {**marks[name], id: signal.at})
    return {name: times for name, times in marks.items() if times}
