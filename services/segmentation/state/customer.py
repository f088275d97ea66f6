"""A customer: its description, its purchases by day, its segment in every segmentation."""
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from chassis.domain.decider import State, replace
from chassis.domain.decision import EventHandlers
from contracts.segmentation import Profile
from services.segmentation.definitions.segmentation import DayKey

PLAIN = ("name", "business_line", "region", "team", "rep_id")


class DayOfPurchases(State, frozen=True):
    kind: str
    business_line: str
    currency: str
    day: date
    n: int
    amount_minor: int


class SegmentPlacement(State, frozen=True):
    """The segment of a customer in one segmentation, since which day, evaluated as of which day."""

    segment: str
    profile: Profile
    since: date
    as_of: date
    model: str = ""


class ReceivedCutoffs(State, frozen=True):
    version: int
    cutoffs: Mapping[str, tuple[int, ...]]


class CustomerState(State, frozen=True):
    """`unplaced`: past purchases were counted since the last evaluation."""

    customer_id: str
    name: str | None = None
    contacts: tuple[Mapping[str, Any], ...] = ()
    attributes: Mapping[str, Any] = {}
    business_line: str | None = None
    region: str | None = None
    team: str | None = None
    rep_id: str | None = None
    dimensions: Mapping[str, str] = {}
    days: tuple[DayOfPurchases, ...] = ()
    placements: Mapping[str, SegmentPlacement] = msgspec.field(default_factory=dict, name="standings")
    cutoffs: Mapping[str, ReceivedCutoffs] = {}
    evaluated_on: date | None = msgspec.field(default=None, name="looked_at")
    next_evaluation: datetime | None = msgspec.field(default=None, name="next_look")
    unplaced: bool = False
    merged_into: str | None = None
    erased: bool = False


def purchases_by_day(customer: CustomerState) -> dict[DayKey, tuple[int, int]]:
    """{(kind, line, currency, day): (purchases, minor units)}."""
    return {(d.kind, d.business_line, d.currency, d.day): (d.n, d.amount_minor) for d in customer.days}


# --- unpublished events ----------------------------------------------------------------------------------------------


class CustomerDescribed(State, frozen=True):
    """`changes`: RFC 7396; None removes."""

    changes: Mapping[str, Any]


class PurchaseCounted(State, frozen=True):
    """So many purchases of this kind, line and currency count on `day` instead of `day_before`; None: on no day."""

    kind: str
    business_line: str
    currency: str
    count: int
    day: date | None
    amount_minor: int
    day_before: date | None
    amount_minor_before: int


class CutoffsReceived(State, frozen=True):
    segmentation: str
    version: int
    cutoffs: Mapping[str, tuple[int, ...]]


class CustomerEvaluated(State, frozen=True):
    """Evaluated as of a day in every segmentation; `next_evaluation`: when time alone may change a segment."""

    on: date
    next_evaluation: datetime | None


class SegmentAssigned(State, frozen=True):
    """Also when only the profile changed within the same segment."""

    segmentation: str
    placement: SegmentPlacement


class SegmentUnassigned(State, frozen=True):
    segmentation: str


class CustomerRedirected(State, frozen=True):
    """Merged: the purchases were handed over to this customer."""

    into_customer_id: str


class CustomerAnonymised(State, frozen=True):
    pass


# --- event handlers --------------------------------------------------------------------------------------------------


def _described(state: CustomerState, event: CustomerDescribed) -> CustomerState:
    return described(state, event.changes)


def described(state: CustomerState, changes: Mapping[str, Any]) -> CustomerState:
    values: dict[str, Any] = {k: v for k, v in changes.items() if k in PLAIN}
    for name in ("attributes", "dimensions"):
        if name in changes:
            values[name] = _merged(getattr(state, name), changes[name])
    if "contacts" in changes:
        values["contacts"] = tuple(changes["contacts"] or ())
    return replace(state, **values)


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """RFC 7396: null removes a member, or the whole."""
    return {} if changes is None else {k: v for k, v in {**old, **changes}.items() if v is not None}


def _counted(state: CustomerState, event: PurchaseCounted) -> CustomerState:
    days = purchases_by_day(state)
    key = (event.kind, event.business_line, event.currency)
    if event.day_before is not None:
        _add(days, (*key, event.day_before), -event.count, -event.amount_minor_before)
    if event.day is not None:
        _add(days, (*key, event.day), event.count, event.amount_minor)
    rows = _rows(days)
    return state if rows == state.days else replace(state, days=rows, unplaced=True)


def _add(days: dict[DayKey, tuple[int, int]], key: DayKey, n: int, amount: int) -> None:
    had = days.get(key, (0, 0))
    days[key] = (had[0] + n, had[1] + amount)


def _rows(days: Mapping[DayKey, tuple[int, int]]) -> tuple[DayOfPurchases, ...]:
    """Without days that count nothing; a purchase taken back before it arrived stays as a negative day."""
    return tuple(DayOfPurchases(*key, n, amount) for key, (n, amount) in sorted(days.items()) if n or amount)


def _cutoffs_received(state: CustomerState, event: CutoffsReceived) -> CustomerState:
    received = ReceivedCutoffs(event.version, event.cutoffs)
    return replace(state, cutoffs={**state.cutoffs, event.segmentation: received})


def _evaluated(state: CustomerState, event: CustomerEvaluated) -> CustomerState:
    return replace(state, evaluated_on=event.on, next_evaluation=event.next_evaluation, unplaced=False)


def _assigned(state: CustomerState, event: SegmentAssigned) -> CustomerState:
    return replace(state, placements={**state.placements, event.segmentation: event.placement})


def _unassigned(state: CustomerState, event: SegmentUnassigned) -> CustomerState:
    return replace(state, placements={k: v for k, v in state.placements.items() if k != event.segmentation})


def _redirected(state: CustomerState, event: CustomerRedirected) -> CustomerState:
    return replace(state, days=(), next_evaluation=None, unplaced=False, merged_into=event.into_customer_id)


def _anonymised(state: CustomerState, _event: CustomerAnonymised) -> CustomerState:
    return CustomerState(state.customer_id, placements=state.placements, erased=True)


EVENTS: EventHandlers[CustomerState] = {
    CustomerDescribed: _described,
    PurchaseCounted: _counted,
    CutoffsReceived: _cutoffs_received,
    CustomerEvaluated: _evaluated,
    SegmentAssigned: _assigned,
    SegmentUnassigned: _unassigned,
    CustomerRedirected: _redirected,
    CustomerAnonymised: _anonymised,
}
