"""Which scorecard decides on a lead, and which of its rules what was heard meets."""
from collections.abc import Mapping
from typing import Any

from services.lead_scoring.decider.scoring import kept
from services.lead_scoring.definitions import Scorecard, Scorecards
from services.lead_scoring.state import Lead, Marks, ModelChosen, value

Events = list[Any]


def card_of(cards: Scorecards, lead: Lead) -> Scorecard | None:
    return cards.version(lead.model) if lead.model else None


def rules_of(cards: Scorecards, lead: Lead, on: str, kind: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    card = card_of(cards, lead)
    return card.matching(on, kind, facts) if card else ()


def choose(cards: Scorecards, lead: Lead) -> Events:
    """The card of the lead's business line, chosen once it is captured and again only if it changes its line."""
    if lead.captured_at is None:
        return []
    line, card = value(lead, "business_line"), card_of(cards, lead)
    wanted = card if card is not None and card.business_line == line else cards.for_line(line)
    if wanted is None or wanted is card:
        return []
    rules = {id: wanted.matching(s.on, s.kind, s.facts) for id, s in lead.signals.items() if s.kind}
    return [ModelChosen(model=wanted.ref, rules=rules, marks=_marks(wanted, lead))]


def _marks(card: Scorecard, lead: Lead) -> dict[str, Marks]:
    """The engagements that count, of those parked; of an earlier card's, those whose rule has the same name."""
    rules = {rule.name: rule for rule in card.engagement if rule.on == "engagement"}
    marks = {name: kept(rule, lead.marks.get(name, {})) for name, rule in rules.items()}
    for id, signal in lead.parked.items():
        for name in card.matching(signal.on, signal.kind, signal.facts):
            marks[name] = kept(rules[name], {**marks[name], id: signal.at})
    return {name: held for name, held in marks.items() if held}
