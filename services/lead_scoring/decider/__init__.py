"""Decider of leads: one function per command records the facts, then the score is computed and published.

`LeadScored` is published only when the score or its reasons changed, `LeadQualified` once on reaching the threshold,
`LeadDisqualified` when the score falls below again. History is scored and qualified too: those events are figures.
"""
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from chassis.domain.decider import DeadlineReached, Decider
from chassis.domain.decision import CommandHandlers, table_decider
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
    VoidLeadActivity,
)
from services.lead_scoring.decider.fields import digest_of, paths, present, stamped
from services.lead_scoring.decider.lead_decision import LeadDecision, scorecard_of
from services.lead_scoring.decider.score_publication import disqualify_if_below, publish_score, qualify
from services.lead_scoring.decider.scorecard_assignment import assign_scorecard
from services.lead_scoring.decider.scoring import counted_engagements, next_expiry, score
from services.lead_scoring.definitions.scorecard import Scorecard, Scorecards
from services.lead_scoring.state.events import (
    CaptureRecorded,
    EngagementCounted,
    FieldsStamped,
    LeadAnonymised,
    LeadClosed,
    QualificationResolved,
    SignalRecorded,
    SignalVoided,
    TimeAdvanced,
)
from services.lead_scoring.state.evolution import EVENTS
from services.lead_scoring.state.model import EngagementTimes, LeadState, Signal, new_lead

CommandHandler = Callable[[LeadDecision, Any], None]


def lead_decider(scorecards: Scorecards) -> Decider[Any, LeadState]:
    return table_decider(COMMANDS, EVENTS, new_lead, definitions=scorecards, builder=LeadDecision,
                         next_deadline=partial(next_deadline, scorecards))


def next_deadline(scorecards: Scorecards, lead: LeadState) -> datetime | None:
    card = scorecard_of(scorecards, lead)
    expiry = None if card is None or lead.closed else next_expiry(card, lead)
    return min((at for at in (lead.due, expiry) if at is not None), default=None)


def _rescoring(record: CommandHandler) -> CommandHandler:
    """After the facts that `record` emits: advances the time, assigns the scorecard, publishes the score."""

    def handle(decision: LeadDecision, command: Any) -> None:
        before = decision.state
        if before.closed == "erased":
            return
        record(decision, command)
        if decision.state is before:
            return  # nothing new, or declined
        late = before.as_of is not None and command.at < before.as_of
        if not late and command.at != before.as_of:
            decision.emit(TimeAdvanced(at=command.at))
        assign_scorecard(decision)
        publish_score(decision, command.at, late)

    return handle


# --- fields, closing -------------------------------------------------------------------------------------------------


def _capture(decision: LeadDecision, command: CaptureLead) -> None:
    values = dict(paths(command.event, present(command.event)))
    digest, lead = digest_of(values), decision.state
    if lead.captured_at is None:
        decision.emit(CaptureRecorded(at=command.at, digest=digest), FieldsStamped(fields=stamped(command, values)))
    elif lead.captured != digest:
        decision.decline("already_known", "lead was captured before with different content")


def _revise(decision: LeadDecision, command: ReviseLead) -> None:
    values = stamped(command, dict(paths(command.event, command.event.given)))
    fresh = {path: value for path, value in values.items() if value not in decision.state.fields.get(path, ())}
    if fresh:
        decision.emit(FieldsStamped(fields=fresh))


def _convert(decision: LeadDecision, command: ConvertLead) -> None:
    _close(decision, LeadClosed(how="converted", at=command.at, customer_id=command.event.customer_id,
                                opportunity_id=command.event.opportunity_id))


def _lose(decision: LeadDecision, command: LoseLead) -> None:
    _close(decision, LeadClosed(how="lost", at=command.at, loss_reason=command.event.reason))


def _merge(decision: LeadDecision, command: MergeLead) -> None:
    _close(decision, LeadClosed(how="merged", at=command.at, merged_into=command.into_lead_id))


def _close(decision: LeadDecision, closing: LeadClosed) -> None:
    """The latest closing counts; a merge is final, in whatever order the messages arrive."""
    lead = decision.state
    later = lead.closed_at is None or (closing.at, closing.how) > (lead.closed_at, lead.closed)
    if lead.closed != "merged" and (later or closing.how == "merged"):
        decision.emit(closing)


def _erase(decision: LeadDecision, command: EraseLead) -> None:
    if decision.state.closed != "erased":
        decision.emit(LeadAnonymised(at=command.at))


# --- signals ---------------------------------------------------------------------------------------------------------


def _activity(decision: LeadDecision, command: CountActivity) -> None:
    event = command.event
    facts = {name: value for name in ("direction", "outcome", "effective", "duration_seconds")
             if (value := getattr(event, name)) is not None}
    _record_signal(decision, command.at, event.activity_id, "activity", event.kind,
                   {**facts, "properties": dict(event.properties or {})})


def _response(decision: LeadDecision, command: CountResponse) -> None:
    event = command.event
    _record_signal(decision, command.at, f"{event.campaign_id}/{event.response_id}", "campaign", event.response,
                   {"campaign_id": event.campaign_id})


def _record_signal(
    decision: LeadDecision, at: datetime, id: str, on: str, kind: str, facts: Mapping[str, Any],
) -> None:
    known, card = decision.state.signals.get(id), decision.scorecard
    if known is not None and known.kind:
        if (known.on, known.kind, known.facts) != (on, kind, facts):
            decision.decline("already_known", f"{on} was recorded before with different content")
        return
    rules = card.matching(on, kind, facts) if card else ()
    decision.emit(SignalRecorded(id=id, signal=Signal(
        on=on, kind=kind, at=at, facts=facts, rules=rules, voided_at=known.voided_at if known else None)))


def _void(decision: LeadDecision, command: VoidLeadActivity) -> None:
    known = decision.state.signals.get(command.activity_id)
    if known is None or not known.voided_at:
        decision.emit(SignalVoided(id=command.activity_id, at=command.at))


def _engagement(decision: LeadDecision, command: CountEngagement) -> None:
    event, card, lead = command.event, decision.scorecard, decision.state
    facts = {"properties": dict(event.properties or {})}
    if card is None:
        if event.engagement_id not in lead.parked:
            parked = Signal(on="engagement", kind=event.kind, at=command.at, facts=facts)
            decision.emit(EngagementCounted(id=event.engagement_id, signal=parked, marks={}))
        return
    signal = Signal(on="engagement", kind=event.kind, at=command.at,
                    rules=card.matching("engagement", event.kind, facts))
    if marks := _changed_marks(card, lead, event.engagement_id, signal):
        decision.emit(EngagementCounted(id=event.engagement_id, signal=signal, marks=marks))


def _changed_marks(card: Scorecard, lead: LeadState, id: str, signal: Signal) -> dict[str, EngagementTimes]:
    """The rules whose counted engagements change: none for a repeat, and none beyond what the rule counts."""
    rules = {rule.name: rule for rule in card.engagement if rule.name in signal.rules}
    now = {name: lead.marks.get(name, {}) for name in rules}
    after = {name: now[name] if id in now[name] else counted_engagements(rule, {**now[name], id: signal.at})
             for name, rule in rules.items()}
    return {name: times for name, times in after.items() if times != now[name]}


def _reach_deadline(decision: LeadDecision, command: DeadlineReached) -> None:
    """Engagements expire; or a qualification that a late fact has shown is published for its time."""
    lead, card = decision.state, decision.scorecard
    if lead.due is None or lead.due > command.at:
        decision.emit(TimeAdvanced(at=command.at))
    elif card is None or (lead.closed_at is not None and lead.due >= lead.closed_at):
        decision.emit(QualificationResolved(published_for=None))
    else:
        qualify(decision, card, lead.due, score(card, lead, lead.due).score)
        disqualify_if_below(decision, card, command.at, score(card, lead))


COMMANDS: CommandHandlers[LeadDecision] = {
    CaptureLead: _rescoring(_capture),
    ReviseLead: _rescoring(_revise),
    ConvertLead: _rescoring(_convert),
    LoseLead: _rescoring(_lose),
    MergeLead: _rescoring(_merge),
    EraseLead: _erase,
    CountActivity: _rescoring(_activity),
    CountResponse: _rescoring(_response),
    VoidLeadActivity: _rescoring(_void),
    CountEngagement: _rescoring(_engagement),
    DeadlineReached: _rescoring(_reach_deadline),
}
