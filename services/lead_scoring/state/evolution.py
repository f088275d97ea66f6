"""Event handlers of the lead: each returns the state after its event."""
from chassis.domain.decider import replace
from chassis.domain.decision import EventHandlers
from contracts.lead_scoring import LeadDisqualified, LeadQualified, LeadScored
from services.lead_scoring.state.events import (
    CaptureRecorded,
    EngagementCounted,
    FieldsStamped,
    LeadAnonymised,
    LeadClosed,
    QualificationResolved,
    QualificationScheduled,
    ScorecardAssigned,
    SignalRecorded,
    SignalVoided,
    TimeAdvanced,
)
from services.lead_scoring.state.model import (
    MAX_PARKED,
    MAX_PAST_VALUES,
    LatestScore,
    LeadState,
    Signal,
    StampedValue,
)


def _captured(lead: LeadState, event: CaptureRecorded) -> LeadState:
    return replace(lead, captured_at=event.at, captured=event.digest)


def _fields_stamped(lead: LeadState, event: FieldsStamped) -> LeadState:
    fields = {path: _in_order((*lead.fields.get(path, ()), value)) for path, value in event.fields.items()}
    return replace(lead, fields={**lead.fields, **fields})


def _in_order(values: tuple[StampedValue, ...]) -> tuple[StampedValue, ...]:
    return tuple(sorted(values, key=lambda v: (v.at, v.source, v.ref)))[-MAX_PAST_VALUES:]


def _signal_recorded(lead: LeadState, event: SignalRecorded) -> LeadState:
    return replace(lead, signals={**lead.signals, event.id: event.signal})


def _signal_voided(lead: LeadState, event: SignalVoided) -> LeadState:
    known = lead.signals.get(event.id, Signal(on="activity", kind="", at=event.at))
    return replace(lead, signals={**lead.signals, event.id: replace(known, voided_at=event.at)})


def _engagement_counted(lead: LeadState, event: EngagementCounted) -> LeadState:
    if not lead.model:
        parked = [*lead.parked.items(), (event.id, event.signal)]
        return replace(lead, parked=dict(parked[-MAX_PARKED:]))
    return replace(lead, marks={**lead.marks, **event.marks})


def _scorecard_assigned(lead: LeadState, event: ScorecardAssigned) -> LeadState:
    signals = {id: replace(signal, rules=event.rules.get(id, ())) for id, signal in lead.signals.items()}
    return replace(lead, model=event.model, signals=signals, marks=event.marks, parked={})


def _time_advanced(lead: LeadState, event: TimeAdvanced) -> LeadState:
    return replace(lead, as_of=event.at if lead.as_of is None else max(lead.as_of, event.at))


def _scored(lead: LeadState, event: LeadScored) -> LeadState:
    return replace(lead, scored=LatestScore(
        score=event.score, grade=event.grade, fit=event.fit, engagement=event.engagement, model=event.model,
        contributions=event.contributions,
    ))


def _qualified(lead: LeadState, _event: LeadQualified) -> LeadState:
    return replace(lead, qualified=True)


def _disqualified(lead: LeadState, _event: LeadDisqualified) -> LeadState:
    return replace(lead, qualified=False)


def _qualification_scheduled(lead: LeadState, event: QualificationScheduled) -> LeadState:
    return replace(lead, due=event.at)


def _qualification_resolved(lead: LeadState, event: QualificationResolved) -> LeadState:
    at, first = event.published_for, lead.first_qualified_at
    if at is None:
        return replace(lead, due=None)
    return replace(lead, due=None, first_qualified_at=at if first is None else min(first, at))


def _closed(lead: LeadState, event: LeadClosed) -> LeadState:
    return replace(lead, closed=event.how, closed_at=event.at, customer_id=event.customer_id or lead.customer_id,
                   opportunity_id=event.opportunity_id or lead.opportunity_id, merged_into=event.merged_into,
                   loss_reason=event.loss_reason)


def _anonymised(lead: LeadState, event: LeadAnonymised) -> LeadState:
    """Ids of recorded signals stay, so that repeats do not count; nothing by or about the person does."""
    signals = {id: Signal(on=s.on, kind=s.kind, at=s.at, voided_at=s.at) for id, s in lead.signals.items()}
    return LeadState(lead_id=lead.lead_id, captured_at=lead.captured_at, model=lead.model, signals=signals,
                     closed="erased", closed_at=event.at)


EVENTS: EventHandlers[LeadState] = {
    CaptureRecorded: _captured,
    FieldsStamped: _fields_stamped,
    SignalRecorded: _signal_recorded,
    SignalVoided: _signal_voided,
    EngagementCounted: _engagement_counted,
    ScorecardAssigned: _scorecard_assigned,
    TimeAdvanced: _time_advanced,
    LeadScored: _scored,
    LeadQualified: _qualified,
    LeadDisqualified: _disqualified,
    QualificationScheduled: _qualification_scheduled,
    QualificationResolved: _qualification_resolved,
    LeadClosed: _closed,
    LeadAnonymised: _anonymised,
}
