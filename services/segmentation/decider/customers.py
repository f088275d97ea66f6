"""Decider of customers: counts purchases, evaluates the segments, merges and erases."""
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from chassis.domain.decider import DeadlineReached, Decider
from chassis.domain.decision import CommandHandlers, DecisionBuilder, table_decider
from contracts.segmentation import Profile, PurchaseChanged, SegmentEntered, SegmentLeft
from services.segmentation.commands import CountPurchase, DescribeCustomer, EraseCustomer, MergeCustomer, Rescore
from services.segmentation.definitions.segmentation import Cutoffs, Segmentation, Segmentations, Values
from services.segmentation.state.customer import (
    EVENTS,
    CustomerAnonymised,
    CustomerDescribed,
    CustomerEvaluated,
    CustomerRedirected,
    CustomerState,
    CutoffsReceived,
    DayOfPurchases,
    PurchaseCounted,
    SegmentAssigned,
    SegmentPlacement,
    SegmentUnassigned,
    described,
    purchases_by_day,
)

CustomerDecision = DecisionBuilder[CustomerState, Segmentations]
CommandHandler = Callable[[CustomerDecision, Any], None]


def customer_decider(segmentations: Segmentations) -> Decider[Any, CustomerState]:
    return table_decider(COMMANDS, EVENTS, CustomerState, definitions=segmentations, next_deadline=next_deadline)


def next_deadline(state: CustomerState) -> datetime | None:
    return state.next_evaluation


def _unless_erased(handle: CommandHandler) -> CommandHandler:
    def handle_known(decision: CustomerDecision, command: Any) -> None:
        if not decision.state.erased:
            handle(decision, command)

    return handle_known


def _describe(decision: CustomerDecision, command: DescribeCustomer) -> None:
    if described(decision.state, command.changes) != decision.state:
        decision.emit(CustomerDescribed(command.changes))


def _count(decision: CustomerDecision, command: CountPurchase) -> None:
    state = decision.state
    if state.merged_into and state.customer_id not in command.through:
        decision.emit(_forwarded(command, state))
        return
    decision.emit(PurchaseCounted(
        command.kind, command.business_line or "", command.currency, command.count, command.day, command.amount_minor,
        command.day_before, command.amount_minor_before))
    if command.live:
        day = command.at.astimezone(decision.definitions.zone).date()
        _evaluate(decision, max(filter(None, (state.evaluated_on, day))), "purchase")


def _forwarded(command: CountPurchase, state: CustomerState) -> PurchaseChanged:
    """Customers merged into each other forward it once: it stays with one that has forwarded it already."""
    return PurchaseChanged(
        customer_id=state.merged_into or "", purchase_id=command.purchase_id, kind=command.kind,
        currency=command.currency, day=command.day, amount_minor=command.amount_minor, day_before=command.day_before,
        amount_minor_before=command.amount_minor_before, count=command.count, business_line=command.business_line,
        through=(*command.through, state.customer_id))


def _rescore(decision: CustomerDecision, command: Rescore) -> None:
    state = decision.state
    known = state.cutoffs.get(command.segmentation)
    version = known.version if known else 0
    if command.version > version or (command.version == version and state.unplaced):
        decision.emit(CutoffsReceived(command.segmentation, command.version, command.cutoffs))
        _evaluate(decision, command.as_of, "cut-offs moved")


def _merge(decision: CustomerDecision, command: MergeCustomer) -> None:
    """The other customer takes over the purchases; later ones are forwarded to it."""
    state = decision.state
    if state.merged_into or command.into_customer_id == state.customer_id:
        return
    for name in state.placements:
        _leave(decision, name, "merged")
    decision.emit(CustomerRedirected(command.into_customer_id))
    for row in state.days:
        decision.emit(_handed_over(state.customer_id, row, command.into_customer_id))


def _handed_over(customer_id: str, row: DayOfPurchases, into: str) -> PurchaseChanged:
    id = f"merged:{customer_id}:{row.kind}:{row.business_line}:{row.currency}:{row.day}"
    return PurchaseChanged(customer_id=into, purchase_id=id, kind="win" if row.kind == "win" else "order",
                           currency=row.currency, day=row.day, amount_minor=row.amount_minor, count=row.n,
                           business_line=row.business_line or None, through=(customer_id,))


def _erase(decision: CustomerDecision, _command: EraseCustomer) -> None:
    for name in decision.state.placements:
        _leave(decision, name, "erased")
    decision.emit(CustomerAnonymised())


def _reach_deadline(decision: CustomerDecision, command: DeadlineReached) -> None:
    _evaluate(decision, command.at.astimezone(decision.definitions.zone).date(), "time went by")


# --- evaluation ------------------------------------------------------------------------------------------------------


def _evaluate(decision: CustomerDecision, day: date, reason: str) -> None:
    """The customer's segment on `day` in every segmentation, and when time alone may change one."""
    state, purchases = decision.state, purchases_by_day(decision.state)
    measured = [(s, s.measure(purchases, day), cutoffs_for(state, s))
                for s in decision.definitions.segmentations.values()]
    drops = [drop for _, values, cutoffs in measured if values is not None
             for drop in _next_drop(values, cutoffs, day)]
    next_evaluation = datetime.combine(min(drops), time(), decision.definitions.zone) if drops else None
    decision.emit(CustomerEvaluated(day, next_evaluation))
    for segmentation, values, cutoffs in measured:
        if values is None:
            _leave(decision, segmentation.name, reason)
        else:
            _place(decision, segmentation, profile_of(segmentation, values, cutoffs), day, reason)


def cutoffs_for(customer: CustomerState, segmentation: Segmentation) -> Cutoffs:
    received = customer.cutoffs.get(segmentation.name)
    return received.cutoffs if received else segmentation.absolute


def _next_drop(values: Values, cutoffs: Cutoffs, day: date) -> list[date]:
    """The first day on which recency alone lowers the score; computed, so nothing is polled."""
    ahead = [t - values.recency_days for t in cutoffs["recency_days"] if t > values.recency_days]
    return [day + timedelta(days=min(ahead))] if ahead else []


def profile_of(segmentation: Segmentation, values: Values, cutoffs: Cutoffs) -> Profile:
    r, f, m = segmentation.scores(values, cutoffs)
    return Profile(r=r, f=f, m=m, recency_days=values.recency_days, frequency=values.frequency,
                   monetary_minor=values.monetary_minor, currency=values.currency)


def _place(
    decision: CustomerDecision, segmentation: Segmentation, profile: Profile, day: date, reason: str,
) -> None:
    state = decision.state
    was = state.placements.get(segmentation.name)
    segment = segmentation.segment(profile.r, profile.f, profile.m).name
    same = was is not None and was.segment == segment
    if was is not None and same and was.profile == profile:
        return
    if was is not None and not same:
        decision.emit(_left(state, was, profile, reason))
    since = was.since if was is not None and same else day
    decision.emit(SegmentAssigned(
        segmentation.name, SegmentPlacement(segment, profile, since, day, segmentation.ref)))
    if not same:
        decision.emit(SegmentEntered(
            customer_id=state.customer_id, segment=segment, reason=reason, profile=profile,
            business_line=state.business_line, model=segmentation.ref))


def _leave(decision: CustomerDecision, segmentation: str, reason: str) -> None:
    was = decision.state.placements.get(segmentation)
    if was is not None:
        decision.emit(SegmentUnassigned(segmentation), _left(decision.state, was, was.profile, reason))


def _left(customer: CustomerState, was: SegmentPlacement, profile: Profile, reason: str) -> SegmentLeft:
    return SegmentLeft(customer_id=customer.customer_id, segment=was.segment, reason=reason, profile=profile,
                       business_line=customer.business_line, model=was.model)


COMMANDS: CommandHandlers[CustomerDecision] = {
    DescribeCustomer: _unless_erased(_describe),
    CountPurchase: _unless_erased(_count),
    Rescore: _unless_erased(_rescore),
    MergeCustomer: _unless_erased(_merge),
    EraseCustomer: _unless_erased(_erase),
    DeadlineReached: _unless_erased(_reach_deadline),
}
