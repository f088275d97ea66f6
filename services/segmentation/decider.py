"""What happens when a purchase, a customer or the cut-offs are asked something. Pure: no I/O, no clock, no chance."""
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from chassis.domain.decider import Command, Decider, Wake
from contracts.segmentation import Profile, PurchaseChanged, SegmentEntered, SegmentLeft
from services.segmentation.commands import (
    CancelPurchase,
    CountPurchase,
    DescribeCustomer,
    EraseCustomer,
    MergeCustomer,
    MoveCutoffs,
    NoteTold,
    RecordPurchase,
    RefundPurchase,
    Rescore,
    RevisePurchase,
)
from services.segmentation.definitions import DAY_KEY, Compiled, Cutoffs, Segmentation, Values
from services.segmentation.state import (
    Customer,
    CustomerKnown,
    CutoffsKnown,
    CutoffsState,
    DayOfPurchases,
    KnownCutoffs,
    Purchase,
    PurchaseKnown,
    Standing,
    Stood,
    Unstood,
    evolve_customer,
    evolve_cutoffs,
    evolve_purchase,
)

Events = list[Any]

# --- purchases -------------------------------------------------------------------------------------------------------


def decide_purchase(command: Command, state: Purchase) -> Events:
    after = _purchase_after(command, state)
    if after == state:
        return []
    changed = _change(state, after)
    return [PurchaseKnown(after), *changed]


def _purchase_after(command: Command, state: Purchase) -> Purchase:
    match command:
        case RecordPurchase():
            known = _told(state, command, customer_id=command.customer_id, business_line=command.business_line,
                          amount=_amount(command))
            if state.placed_at is not None and state.placed_at >= command.at:
                return known
            return replace(known, kind=command.kind, day=command.day, placed_at=command.at)
        case RevisePurchase():
            known = _told(state, command, customer_id=command.customer_id, business_line=command.business_line,
                          amount=_amount(command))
            return replace(known, kind=command.kind)
        case CancelPurchase():
            latest = max(filter(None, (state.cancelled_at, command.at)))
            known = _told(state, command, customer_id=command.customer_id)
            return replace(known, kind=command.kind, cancelled_at=latest)
        case RefundPurchase():
            known = _told(state, command, customer_id=command.customer_id)
            return replace(known, refunds={**state.refunds, command.refund_id: command.amount_minor})
        case _:
            return state


def _amount(command: RecordPurchase | RevisePurchase) -> tuple[int, str] | None:
    if command.amount_minor is None or command.currency is None:
        return None
    return command.amount_minor, command.currency


def _told(state: Purchase, command: Command, **values: Any) -> Purchase:
    """Each value is the one last said, by (event time, id), whatever is heard last; None says nothing of it."""
    stamp = f"{command.at.astimezone(UTC).isoformat(timespec='microseconds')} {command.ref}"
    newer = {name: value for name, value in values.items() if value and stamp > state.said.get(name, "")}
    if not newer:
        return state
    said = {**state.said, **dict.fromkeys(newer, stamp)}
    if "amount" in newer:
        newer["amount_minor"], newer["currency"] = newer.pop("amount")
    return replace(state, said=said, **newer)


def _change(before: Purchase, after: Purchase) -> Events:
    """What the customer has to undo and redo; nothing when it counts as it did.

    A customer or a currency that changed is taken back where it was, and counted where it now is.
    """
    was = (before.day, before.net_minor) if before.counts else None
    now = (after.day, after.net_minor) if after.counts else None
    if was is None and now is None:
        return []
    same = (before.customer_id, before.currency, before.business_line) == (
        after.customer_id, after.currency, after.business_line)
    if same:
        return [] if was == now else [_changed(after, was, now)]
    return [*([_changed(before, was, None)] if was else []), *([_changed(after, None, now)] if now else [])]


def _changed(p: Purchase, was: tuple[date | None, int] | None, now: tuple[date | None, int] | None) -> PurchaseChanged:
    return PurchaseChanged(
        customer_id=p.customer_id, purchase_id=p.purchase_id, kind="win" if p.kind == "win" else "order",
        currency=p.currency, business_line=p.business_line,
        day=now[0] if now else None, amount_minor=now[1] if now else 0,
        day_before=was[0] if was else None, amount_minor_before=was[1] if was else 0,
    )


PURCHASE: Decider[Command, Purchase] = Decider(decide_purchase, evolve_purchase, Purchase)

# --- customers -------------------------------------------------------------------------------------------------------


def customer_decider(compiled: Compiled) -> Decider[Command, Customer]:
    return Decider(lambda command, state: decide_customer(command, state, compiled), evolve_customer, Customer,
                   lambda state: state.next_look)


def decide_customer(command: Command, state: Customer, compiled: Compiled) -> Events:
    if state.erased:
        return []
    match command:
        case DescribeCustomer():
            return _known(state, _described(state, command.changes))
        case CountPurchase():
            return _counted(command, state, compiled)
        case Rescore():
            known = {**state.cutoffs, command.segmentation: KnownCutoffs(command.version, command.cutoffs)}
            had = state.cutoffs.get(command.segmentation, KnownCutoffs(0, {})).version
            if command.version < had or (command.version == had and not state.unplaced):
                return []
            return _looked_at(replace(state, cutoffs=known), command.as_of, compiled, "cut-offs moved")
        case MergeCustomer():
            return _merged(command, state)
        case EraseCustomer():
            left = [e for name in state.standings for e in _leave(state, name, "erased")]
            return [*left, CustomerKnown(Customer(state.customer_id, erased=True))]
        case Wake():
            day = command.at.astimezone(compiled.zone).date()
            return _looked_at(state, day, compiled, "time went by")
        case _:
            return []


def _known(state: Customer, after: Customer) -> Events:
    return [] if after == state else [CustomerKnown(after)]


PLAIN = ("name", "business_line", "region", "team", "rep_id")


def _described(state: Customer, changes: Mapping[str, Any]) -> Customer:
    told: dict[str, Any] = {k: v for k, v in changes.items() if k in PLAIN}
    for name in ("attributes", "dimensions"):
        if name in changes:
            told[name] = _merged_map(getattr(state, name), changes[name])
    if "contacts" in changes:
        told["contacts"] = tuple(changes["contacts"] or ())
    return replace(state, **told)


def _merged_map(old: Mapping[str, Any], told: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """RFC 7396: null removes, at this level and for the whole."""
    return {} if told is None else {k: v for k, v in {**old, **told}.items() if v is not None}


def _counted(command: CountPurchase, state: Customer, compiled: Compiled) -> Events:
    if state.merged_into and state.customer_id not in command.through:
        return [_forwarded(command, state)]
    days = _days(state)
    line = command.business_line or ""
    if command.day_before is not None:
        _add(days, (command.kind, line, command.currency, command.day_before), -command.count,
             -command.amount_minor_before)
    if command.day is not None:
        _add(days, (command.kind, line, command.currency, command.day), command.count, command.amount_minor)
    after = replace(state, days=_rows(days))
    if not command.live:
        return _known(state, replace(after, unplaced=state.unplaced or after.days != state.days))
    day = max(filter(None, (state.looked_at, command.at.astimezone(compiled.zone).date())))
    return _looked_at(after, day, compiled, "purchase")


def _days(state: Customer) -> dict[DAY_KEY, tuple[int, int]]:
    return {(d.kind, d.business_line, d.currency, d.day): (d.n, d.amount_minor) for d in state.days}


def _add(days: dict[DAY_KEY, tuple[int, int]], key: DAY_KEY, n: int, amount: int) -> None:
    had = days.get(key, (0, 0))
    days[key] = (had[0] + n, had[1] + amount)


def _rows(days: Mapping[DAY_KEY, tuple[int, int]]) -> tuple[DayOfPurchases, ...]:
    """Days that count for nothing are dropped; one that was taken back before it was told stays as a minus."""
    return tuple(DayOfPurchases(*key, n, amount) for key, (n, amount) in sorted(days.items()) if n or amount)


def _looked_at(after: Customer, day: date, compiled: Compiled, reason: str) -> Events:
    """Where the customer stands on `day` in every segmentation, and when time alone may change that."""
    events: Events = []
    next_days: list[date] = []
    for segmentation in compiled.segmentations.values():
        values = segmentation.measure(_days(after), day)
        cutoffs = cutoffs_for(after, segmentation)
        events += _moved(after, segmentation, values, cutoffs, day, reason)
        if values is not None:
            next_days += _next_drop(values, cutoffs, day)
    wake = min(next_days) if next_days else None
    looked = replace(after, looked_at=day, unplaced=False,
                     next_look=datetime.combine(wake, time(), compiled.zone) if wake else None)
    return [CustomerKnown(looked), *events]


def cutoffs_for(customer: Customer, segmentation: Segmentation) -> Cutoffs:
    known = customer.cutoffs.get(segmentation.name)
    return known.cutoffs if known else segmentation.absolute


def _next_drop(values: Values, cutoffs: Cutoffs, day: date) -> list[date]:
    """The first day on which recency alone lowers the score: solved, not polled."""
    ahead = [t - values.recency_days for t in cutoffs["recency_days"] if t > values.recency_days]
    return [day + timedelta(days=min(ahead))] if ahead else []


def profile_of(segmentation: Segmentation, values: Values, cutoffs: Cutoffs) -> Profile:
    r, f, m = segmentation.scores(values, cutoffs)
    return Profile(r=r, f=f, m=m, recency_days=values.recency_days, frequency=values.frequency,
                   monetary_minor=values.monetary_minor, currency=values.currency)


def _moved(
    customer: Customer, segmentation: Segmentation, values: Values | None, cutoffs: Cutoffs, day: date, reason: str,
) -> Events:
    was = customer.standings.get(segmentation.name)
    if values is None:
        return _leave(customer, segmentation.name, reason)
    profile = profile_of(segmentation, values, cutoffs)
    segment = segmentation.segment(profile.r, profile.f, profile.m).name
    since = was.since if was and was.segment == segment else day
    stood = Stood(segmentation.name, Standing(segment, profile, since, day, segmentation.ref))
    if was and was.segment == segment:
        return [] if was.profile == profile else [stood]
    left = [_left(customer, was, profile, reason)] if was else []
    entered = SegmentEntered(customer_id=customer.customer_id, segment=segment, reason=reason, profile=profile,
                             business_line=customer.business_line, model=segmentation.ref)
    return [*left, stood, entered]


def _left(customer: Customer, was: Standing, profile: Profile, reason: str) -> SegmentLeft:
    return SegmentLeft(customer_id=customer.customer_id, segment=was.segment, reason=reason, profile=profile,
                       business_line=customer.business_line, model=was.model)


def _leave(customer: Customer, name: str, reason: str) -> Events:
    was = customer.standings.get(name)
    return [Unstood(name), _left(customer, was, was.profile, reason)] if was else []


def _merged(command: MergeCustomer, state: Customer) -> Events:
    """The other customer takes over what was bought; what is still to come is passed on to it."""
    if state.merged_into or command.into_customer_id == state.customer_id:
        return []
    left = [e for name in state.standings for e in _leave(state, name, "merged")]
    handed = [_handed_over(state.customer_id, row, command.into_customer_id) for row in state.days]
    after = replace(state, days=(), next_look=None, unplaced=False, merged_into=command.into_customer_id)
    return [*left, CustomerKnown(after), *handed]


def _handed_over(customer_id: str, row: DayOfPurchases, into: str) -> PurchaseChanged:
    id = f"merged:{customer_id}:{row.kind}:{row.business_line}:{row.currency}:{row.day}"
    return PurchaseChanged(customer_id=into, purchase_id=id, kind="win" if row.kind == "win" else "order",
                           currency=row.currency, day=row.day, amount_minor=row.amount_minor, count=row.n,
                           business_line=row.business_line or None, through=(customer_id,))


def _forwarded(command: CountPurchase, state: Customer) -> PurchaseChanged:
    """Customers that were merged into each other pass it round once: it stays where it has already been."""
    return PurchaseChanged(
        customer_id=state.merged_into or "", purchase_id=command.purchase_id, kind=command.kind,
        currency=command.currency, day=command.day, amount_minor=command.amount_minor, day_before=command.day_before,
        amount_minor_before=command.amount_minor_before, count=command.count, business_line=command.business_line,
        through=(*command.through, state.customer_id))


# --- cut-offs --------------------------------------------------------------------------------------------------------


def decide_cutoffs(command: Command, state: CutoffsState) -> Iterable[Any]:
    match command:
        case MoveCutoffs():
            return _cutoffs_moved(command, state)
        case NoteTold():
            if command.version != state.version or state.told == state.version:
                return []
            if command.upto is None:
                return [CutoffsKnown(replace(state, told=state.version, reached=None))]
            return [CutoffsKnown(replace(state, reached=max(command.upto, state.reached or "")))]
        case _:
            return []


def _cutoffs_moved(command: MoveCutoffs, state: CutoffsState) -> Events:
    """A version is told to every customer: the same cut-offs for the same day by the same definitions are none."""
    cutoffs = {axis: tuple(four) for axis, four in command.cutoffs.items()}
    if (command.as_of, command.definitions, cutoffs) == (state.as_of, state.definitions, state.cutoffs):
        return [] if command.base == state.base else [CutoffsKnown(replace(state, base=command.base))]
    return [CutoffsKnown(replace(
        state, version=state.version + 1, as_of=command.as_of, moved_at=command.at, cutoffs=cutoffs,
        base=command.base, definitions=command.definitions, reached=None))]


CUTOFFS: Decider[Command, CutoffsState] = Decider(
    lambda command, state: list(decide_cutoffs(command, state)), evolve_cutoffs, CutoffsState)
