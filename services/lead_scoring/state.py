"""What is remembered of one lead, and how each event changes it.

Several topics speak of one lead, in no order among each other. So each field keeps who said it last (by event time,
source, id), activities are kept by their own id, and everything else is computed from these: the order of arrival
changes nothing in the end.
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.lead_scoring import Contribution, LeadDisqualified, LeadQualified, LeadScored

Value = str | int | float | bool | None
Marks = Mapping[str, datetime]  # engagement id -> when
MOST_PARKED = 500
MOST_PAST = 20  # values of one field


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """One field as it was last said; None: removed. `path` names it: `source`, `contact.email`, `attributes.size`."""

    value: Value
    at: datetime
    source: str
    ref: str

    def newer(self, other: "Stamped | None") -> bool:
        return other is None or (self.at, self.source, self.ref) > (other.at, other.source, other.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something the lead did. `rules`: the engagement rules of the lead's scorecard that it meets."""

    on: str  # activity, engagement, campaign
    kind: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    voided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The last score that was said; `contributions` add up to `score`."""

    score: int
    grade: str
    fit: int
    engagement: int
    model: str
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """`captured_at` is None while only other things than the capture have been heard."""

    lead_id: str
    captured_at: datetime | None = None
    captured: str = ""  # digest of what the capture said, to know a repeat
    model: str = ""  # name@version of the scorecard that decides on this lead
    fields: Mapping[str, tuple[Stamped, ...]] = field(default_factory=dict)  # by path, oldest first: the last counts
    signals: Mapping[str, Signal] = field(default_factory=dict)  # activities and responses, for ever
    parked: Mapping[str, Signal] = field(default_factory=dict)  # engagements heard before a scorecard is known
    marks: Mapping[str, Marks] = field(default_factory=dict)  # rule -> engagements, as many as it counts
    as_of: datetime | None = None  # the latest business time heard
    scored: Scored | None = None
    qualified: bool = False
    first_qualified_at: datetime | None = None  # the earliest time for which it was said
    due: datetime | None = None  # it turned out late that the lead was qualified then: still to be said
    closed: str = ""  # converted, lost, merged, erased
    closed_at: datetime | None = None
    customer_id: str | None = None
    opportunity_id: str | None = None
    merged_into: str | None = None
    loss_reason: str | None = None

    @property
    def status(self) -> str:
        if self.closed:
            return self.closed
        if self.captured_at is None:
            return "unknown"
        return "qualified" if self.qualified else "open"


def said_of(lead: Lead, path: str, at: datetime | None = None) -> Stamped | None:
    """Who said a field last; `at`: until then."""
    said = lead.fields.get(path, ())
    return next((s for s in reversed(said) if at is None or s.at <= at), None)


def view(lead: Lead, at: datetime | None = None) -> dict[str, Any]:
    """The lead's fields as rules see them (at a time): nested, without what was removed."""
    made: dict[str, Any] = {"contact": {}, "attributes": {}, "dimensions": {}}
    for path in lead.fields:
        stamped = said_of(lead, path, at)
        head, dot, rest = path.partition(".")
        if stamped is None or stamped.value is None or (dot and not stamped.newer(said_of(lead, head, at))):
            continue
        if dot:
            made[head][rest] = stamped.value
        else:
            made[head] = stamped.value
    return made


def value(lead: Lead, path: str) -> Any:
    stamped = said_of(lead, path)
    return None if stamped is None else stamped.value


# --- what happens to a lead, for its own memory ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureNoted:
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSaid:
    fields: Mapping[str, Stamped]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalCounted:
    id: str
    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalVoided:
    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementCounted:
    """`marks`: the engagements that now count for the rules it meets."""

    id: str
    signal: Signal
    marks: Mapping[str, Marks]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChosen:
    """The card that decides from now on, and the rules of it that what was heard so far meets."""

    model: str
    rules: Mapping[str, tuple[str, ...]]  # signal id -> rules
    marks: Mapping[str, Marks]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationDue:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationSettled:
    """What was due is said, or is no longer to be said."""

    said_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadClosed:
    how: str
    at: datetime
    customer_id: str | None = None
    opportunity_id: str | None = None
    merged_into: str | None = None
    loss_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadForgotten:
    at: datetime


def _captured(lead: Lead, event: CaptureNoted) -> Lead:
    return replace(lead, captured_at=event.at, captured=event.digest)


def _said(lead: Lead, event: FieldsSaid) -> Lead:
    said = {path: _in_order((*lead.fields.get(path, ()), now)) for path, now in event.fields.items()}
    return replace(lead, fields={**lead.fields, **said})


def _in_order(said: tuple[Stamped, ...]) -> tuple[Stamped, ...]:
    return tuple(sorted(said, key=lambda s: (s.at, s.source, s.ref)))[-MOST_PAST:]


def _counted(lead: Lead, event: SignalCounted) -> Lead:
    return replace(lead, signals={**lead.signals, event.id: event.signal})


def _voided(lead: Lead, event: SignalVoided) -> Lead:
    known = lead.signals.get(event.id, Signal(on="activity", kind="", at=event.at))
    return replace(lead, signals={**lead.signals, event.id: replace(known, voided_at=event.at)})


def _engaged(lead: Lead, event: EngagementCounted) -> Lead:
    if not lead.model:
        parked = [*lead.parked.items(), (event.id, event.signal)]
        return replace(lead, parked=dict(parked[-MOST_PARKED:]))
    return replace(lead, marks={**lead.marks, **event.marks})


def _chosen(lead: Lead, event: ModelChosen) -> Lead:
    signals = {id: replace(signal, rules=event.rules.get(id, ())) for id, signal in lead.signals.items()}
    return replace(lead, model=event.model, signals=signals, marks=event.marks, parked={})


def _passed(lead: Lead, event: TimePassed) -> Lead:
    return replace(lead, as_of=event.at if lead.as_of is None else max(lead.as_of, event.at))


def _scored(lead: Lead, event: LeadScored) -> Lead:
    return replace(lead, scored=Scored(
        score=event.score, grade=event.grade, fit=event.fit, engagement=event.engagement, model=event.model,
        contributions=event.contributions,
    ))


def _settled(lead: Lead, event: QualificationSettled) -> Lead:
    if event.said_at is None:
        return replace(lead, due=None)
    first = event.said_at if lead.first_qualified_at is None else min(lead.first_qualified_at, event.said_at)
    return replace(lead, due=None, first_qualified_at=first)


def _closed(lead: Lead, event: LeadClosed) -> Lead:
    return replace(lead, closed=event.how, closed_at=event.at, customer_id=event.customer_id or lead.customer_id,
                   opportunity_id=event.opportunity_id or lead.opportunity_id, merged_into=event.merged_into,
                   loss_reason=event.loss_reason)


def _forgotten(lead: Lead, event: LeadForgotten) -> Lead:
    """Fences stay: ids of what was counted. Nothing that a person wrote, or that was written about one."""
    fences = {id: Signal(on=s.on, kind=s.kind, at=s.at, voided_at=s.at) for id, s in lead.signals.items()}
    return Lead(lead_id=lead.lead_id, captured_at=lead.captured_at, model=lead.model, signals=fences, closed="erased",
                closed_at=event.at)


_EVOLVE: Mapping[type, Callable[[Lead, Any], Lead]] = {
    CaptureNoted: _captured,
    FieldsSaid: _said,
    SignalCounted: _counted,
    SignalVoided: _voided,
    EngagementCounted: _engaged,
    ModelChosen: _chosen,
    TimePassed: _passed,
    LeadClosed: _closed,
    QualificationDue: lambda lead, event: replace(lead, due=event.at),
    QualificationSettled: _settled,
    LeadForgotten: _forgotten,
    LeadScored: _scored,
    LeadQualified: lambda lead, _event: replace(lead, qualified=True),
    LeadDisqualified: lambda lead, _event: replace(lead, qualified=False),
}


def evolve(lead: Lead, event: Any) -> Lead:
    """What changes nothing in our memory (a dead letter) is passed over."""
    change = _EVOLVE.get(type(event))
    return lead if change is None else change(lead, event)


def new_lead(lead_id: str) -> Lead:
    return Lead(lead_id=lead_id)
