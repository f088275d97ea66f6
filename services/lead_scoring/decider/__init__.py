"""What happens when something is asked of a lead: facts are noted, then the score is looked at again.

`LeadScored` is said only when the score or its reasons changed, `LeadQualified` once on reaching the threshold,
`LeadDisqualified` when the score falls below again. History scores and qualifies too: those are figures.
"""
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial, reduce
from typing import Any

from chassis.decider import Command, DeadLetter, Decider, Wake
from contracts.kinds import Dimensions
from contracts.lead_scoring import LeadDisqualified, LeadQualified, LeadScored, ScoreBefore
from services.lead_scoring.commands import (
    CaptureLead,
    ConvertLead,
    CountActivity,
    CountEngagement,
    CountResponse,
    EraseLead,
    LoseLead,
    MergeLead,
    ReviseLead,
    VoidActivity,
)
from services.lead_scoring.decider.fields import PLAIN, digest_of, paths, sent, stamped
from services.lead_scoring.decider.scoring import next_expiry, score
from services.lead_scoring.definitions import Scorecard, Scorecards
from services.lead_scoring.state import (
    CaptureNoted,
    EngagementCounted,
    FieldsSaid,
    Lead,
    LeadClosed,
    LeadForgotten,
    Marks,
    ModelChosen,
    Scored,
    Signal,
    SignalCounted,
    SignalVoided,
    TimePassed,
    evolve,
    new_lead,
    newest,
    value,
    view,
)

Events = list[Any]


def lead_decider(cards: Scorecards) -> Decider[Command, Lead]:
    return Decider(partial(decide, cards), evolve, new_lead, partial(wake_at, cards))


def decide(cards: Scorecards, command: Command, lead: Lead) -> Sequence[Any]:
    note = _NOTE.get(type(command))
    if note is None or lead.closed == "erased":
        return ()
    noted = note(cards, command, lead)
    if not noted or isinstance(noted[0], DeadLetter | LeadForgotten):
        return noted
    if lead.as_of is None or command.at > lead.as_of:
        noted.append(TimePassed(at=command.at))
    after = reduce(evolve, noted, lead)
    chosen = _choose(cards, after)
    return [*noted, *chosen, *_rescored(cards, command, reduce(evolve, chosen, after))]


def wake_at(cards: Scorecards, lead: Lead) -> datetime | None:
    card = _card(cards, lead)
    return None if card is None or lead.closed else next_expiry(card, lead)


# --- what each command notes -----------------------------------------------------------------------------------------


def _capture(_cards: Scorecards, command: CaptureLead, lead: Lead) -> Events:
    said = dict(paths(command.said, sent(command.said)))
    digest = digest_of(said)
    if lead.captured_at is not None:
        if lead.captured == digest:
            return []
        return [DeadLetter("already_known", "this lead was captured before, with another content")]
    return [CaptureNoted(at=command.at, digest=digest), FieldsSaid(fields=stamped(command, said))]


def _revise(_cards: Scorecards, command: ReviseLead, lead: Lead) -> Events:
    said = stamped(command, dict(paths(command.said, command.said.given)))
    newer = {path: field for path, field in said.items() if field.newer(lead.fields.get(path))}
    return [FieldsSaid(fields=newer)] if newer else []


def _convert(_cards: Scorecards, command: ConvertLead, lead: Lead) -> Events:
    return _close(lead, LeadClosed(how="converted", at=command.at, customer_id=command.said.customer_id,
                                   opportunity_id=command.said.opportunity_id))


def _lose(_cards: Scorecards, command: LoseLead, lead: Lead) -> Events:
    return _close(lead, LeadClosed(how="lost", at=command.at, loss_reason=command.said.reason))


def _merge(_cards: Scorecards, command: MergeLead, lead: Lead) -> Events:
    return _close(lead, LeadClosed(how="merged", at=command.at, merged_into=command.into_lead_id))


def _close(lead: Lead, closing: LeadClosed) -> Events:
    """The latest end counts; a merger is final, whenever it is heard."""
    later = lead.closed_at is None or (closing.at, closing.how) > (lead.closed_at, lead.closed)
    if lead.closed == "merged" or not (later or closing.how == "merged"):
        return []
    return [closing]


def _erase(_cards: Scorecards, command: EraseLead, _lead: Lead) -> Events:
    return [LeadForgotten(at=command.at)]


def _activity(cards: Scorecards, command: CountActivity, lead: Lead) -> Events:
    said = command.said
    facts = {name: held for name in ("direction", "outcome", "effective", "duration_seconds")
             if (held := getattr(said, name)) is not None}
    return _fact(cards, command, lead, said.activity_id, "activity", said.kind,
                 {**facts, "properties": dict(said.properties or {})})


def _response(cards: Scorecards, command: CountResponse, lead: Lead) -> Events:
    said = command.said
    return _fact(cards, command, lead, f"{said.campaign_id}/{said.response_id}", "campaign", said.response,
                 {"campaign_id": said.campaign_id})


def _fact(
    cards: Scorecards, command: Command, lead: Lead, id: str, on: str, kind: str, facts: Mapping[str, Any],
) -> Events:
    known = lead.signals.get(id)
    if known is not None and known.kind:
        if (known.on, known.kind, known.facts) == (on, kind, facts):
            return []
        return [DeadLetter("already_known", f"this {on} was heard before, with another content")]
    voided = known is not None
    rules = _rules(cards, lead, on, kind, facts)
    return [SignalCounted(id=id, signal=Signal(on=on, kind=kind, at=command.at, facts=facts, rules=rules,
                                               voided=voided))]


def _void(_cards: Scorecards, command: VoidActivity, lead: Lead) -> Events:
    known = lead.signals.get(command.activity_id)
    return [] if known is not None and known.voided else [SignalVoided(id=command.activity_id, at=command.at)]


def _engagement(cards: Scorecards, command: CountEngagement, lead: Lead) -> Events:
    said, card = command.said, _card(cards, lead)
    facts = {"properties": dict(said.properties or {})}
    if card is None:
        parked = Signal(on="engagement", kind=said.kind, at=command.at, facts=facts)
        known = said.engagement_id in lead.parked
        return [] if known else [EngagementCounted(id=said.engagement_id, signal=parked, times={})]
    rules = card.matching("engagement", said.kind, facts)
    times = _times(card)
    if all(_is_known(lead, rule, said.engagement_id, command.at, times[rule]) for rule in rules):
        return []  # a repeat, or older than all that count; or this scorecard does not look at it
    signal = Signal(on="engagement", kind=said.kind, at=command.at, rules=rules)
    return [EngagementCounted(id=said.engagement_id, signal=signal, times=times)]


def _is_known(lead: Lead, rule: str, id: str, at: datetime, n: int) -> bool:
    marks = lead.marks.get(rule, {})
    return id in marks or (len(marks) == n and at < min(marks.values()))


def _wake(_cards: Scorecards, command: Wake, _lead: Lead) -> Events:
    return [TimePassed(at=command.at)]


_NOTE: Mapping[type, Callable[[Scorecards, Any, Lead], Events]] = {
    CaptureLead: _capture,
    ReviseLead: _revise,
    ConvertLead: _convert,
    LoseLead: _lose,
    MergeLead: _merge,
    EraseLead: _erase,
    CountActivity: _activity,
    CountResponse: _response,
    VoidActivity: _void,
    CountEngagement: _engagement,
    Wake: _wake,
}


# --- the scorecard ---------------------------------------------------------------------------------------------------


def _card(cards: Scorecards, lead: Lead) -> Scorecard | None:
    return cards.version(lead.model) if lead.model else None


def _times(card: Scorecard | None) -> dict[str, int]:
    return {} if card is None else {rule.name: rule.times or 1 for rule in card.engagement if rule.on == "engagement"}


def _rules(cards: Scorecards, lead: Lead, on: str, kind: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    card = _card(cards, lead)
    return card.matching(on, kind, facts) if card else ()


def _choose(cards: Scorecards, lead: Lead) -> Events:
    """The card of the lead's business line, chosen once it is captured and again only if it changes its line."""
    if lead.captured_at is None:
        return []
    line, card = value(lead, "business_line"), _card(cards, lead)
    wanted = card if card is not None and card.business_line == line else cards.for_line(line)
    if wanted is None or wanted is card:
        return []
    rules = {id: wanted.matching(s.on, s.kind, s.facts) for id, s in lead.signals.items() if s.kind}
    return [ModelChosen(model=wanted.ref, rules=rules, marks=_marks(wanted, lead))]


def _marks(card: Scorecard, lead: Lead) -> dict[str, Marks]:
    """The engagements that count, of those parked; of an earlier card's, those whose rule has the same name."""
    times = _times(card)
    marks = {name: newest(lead.marks.get(name, {}), n) for name, n in times.items()}
    for id, signal in lead.parked.items():
        for name in card.matching(signal.on, signal.kind, signal.facts):
            marks[name] = newest({**marks[name], id: signal.at}, times[name])
    return {name: held for name, held in marks.items() if held}


# --- saying it -------------------------------------------------------------------------------------------------------


def _rescored(cards: Scorecards, command: Command, lead: Lead) -> Events:
    card = _card(cards, lead)
    if card is None or lead.captured_at is None:
        return []
    now, dimensions = score(card, lead), _dimensions(lead)
    said: Events = [] if now == lead.scored else [_said(lead, now, dimensions)]
    if lead.closed_at is not None and command.at >= lead.closed_at:
        return said  # what is over is neither qualified nor disqualified any more
    told = {"lead_id": lead.lead_id, "captured_at": lead.captured_at, "score": now.score, "model": now.model,
            "source": value(lead, "source"), **dimensions}
    if not lead.qualified and now.score >= card.qualify_at:
        said.append(LeadQualified(**told))
    elif lead.qualified and now.score < card.disqualify_below:
        said.append(LeadDisqualified(**told))
    return said


def _said(lead: Lead, now: Scored, dimensions: Mapping[str, Any]) -> LeadScored:
    before = None if lead.scored is None else ScoreBefore(score=lead.scored.score, grade=lead.scored.grade)
    return LeadScored(
        lead_id=lead.lead_id, score=now.score, grade=now.grade, fit=now.fit, engagement=now.engagement,
        model=now.model, contributions=now.contributions, before=before, **dimensions,
    )


_DIMENSIONS = tuple(name for name in Dimensions.__dataclass_fields__ if name in PLAIN)


def _dimensions(lead: Lead) -> dict[str, Any]:
    known = view(lead)
    told: dict[str, Any] = {name: known.get(name) for name in _DIMENSIONS}
    return told | {"dimensions": known["dimensions"] or None}
