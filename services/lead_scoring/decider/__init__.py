"""What happens when something is asked of a lead: facts are noted, then the score is looked at again.

`LeadScored` is said only when the score or its reasons changed, `LeadQualified` once on reaching the threshold,
`LeadDisqualified` when the score falls below again. History scores and qualifies too: those are figures.
"""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial, reduce
from typing import Any

from chassis.domain.decider import Command, DeadLetter, Decider, Wake
from contracts.lead_scoring import LeadQualified
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
from services.lead_scoring.decider.fields import digest_of, paths, sent, stamped
from services.lead_scoring.decider.model_selection import card_of, choose, rules_of
from services.lead_scoring.decider.score_events import fallen, rescored, told
from services.lead_scoring.decider.scoring import kept, next_expiry, score
from services.lead_scoring.definitions import Scorecard, Scorecards
from services.lead_scoring.state import (
    CaptureNoted,
    EngagementCounted,
    FieldsSaid,
    Lead,
    LeadClosed,
    LeadForgotten,
    Marks,
    QualificationSettled,
    Signal,
    SignalCounted,
    SignalVoided,
    TimePassed,
    evolve,
    new_lead,
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
    late = lead.as_of is not None and command.at < lead.as_of
    if not late and command.at != lead.as_of:
        noted.append(TimePassed(at=command.at))
    after = reduce(evolve, noted, lead)
    chosen = choose(cards, after)
    return [*noted, *chosen, *rescored(cards, command, reduce(evolve, chosen, after), late)]


def wake_at(cards: Scorecards, lead: Lead) -> datetime | None:
    card = card_of(cards, lead)
    expiry = None if card is None or lead.closed else next_expiry(card, lead)
    return min((at for at in (lead.due, expiry) if at is not None), default=None)


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
    fresh = {path: field for path, field in said.items() if field not in lead.fields.get(path, ())}
    return [FieldsSaid(fields=fresh)] if fresh else []


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
    rules = rules_of(cards, lead, on, kind, facts)
    return [SignalCounted(id=id, signal=Signal(on=on, kind=kind, at=command.at, facts=facts, rules=rules,
                                               voided_at=known.voided_at if known else None))]


def _void(_cards: Scorecards, command: VoidActivity, lead: Lead) -> Events:
    known = lead.signals.get(command.activity_id)
    return [] if known is not None and known.voided_at else [SignalVoided(id=command.activity_id, at=command.at)]


def _engagement(cards: Scorecards, command: CountEngagement, lead: Lead) -> Events:
    said, card = command.said, card_of(cards, lead)
    facts = {"properties": dict(said.properties or {})}
    if card is None:
        parked = Signal(on="engagement", kind=said.kind, at=command.at, facts=facts)
        known = said.engagement_id in lead.parked
        return [] if known else [EngagementCounted(id=said.engagement_id, signal=parked, marks={})]
    signal = Signal(on="engagement", kind=said.kind, at=command.at,
                    rules=card.matching("engagement", said.kind, facts))
    marks = _marked(card, lead, said.engagement_id, signal)
    return [EngagementCounted(id=said.engagement_id, signal=signal, marks=marks)] if marks else []


def _marked(card: Scorecard, lead: Lead, id: str, signal: Signal) -> dict[str, Marks]:
    """The rules whose marks it changes: none for a repeat, and for what comes on top of all that counts."""
    rules = {rule.name: rule for rule in card.engagement if rule.name in signal.rules}
    now = {name: lead.marks.get(name, {}) for name in rules}
    after = {name: now[name] if id in now[name] else kept(rule, {**now[name], id: signal.at})
             for name, rule in rules.items()}
    return {name: marks for name, marks in after.items() if marks != now[name]}


def _wake(cards: Scorecards, command: Wake, lead: Lead) -> Events:
    """Engagements cease to count; or it is time to say for when it turned out that the lead was qualified."""
    if lead.due is None or lead.due > command.at:
        return [TimePassed(at=command.at)]
    card = card_of(cards, lead)
    if card is None or (lead.closed_at is not None and lead.due >= lead.closed_at):
        return [QualificationSettled(said_at=None)]
    then = score(card, lead, lead.due).score
    said: Events = [QualificationSettled(said_at=lead.due), LeadQualified(**told(lead, then, card))]
    now = score(card, lead)
    return [*said, *fallen(card, command, replace(lead, qualified=True), now)]


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
