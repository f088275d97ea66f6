"""Decider of purchases: collects the facts of an order or won deal, publishes how it counts for its customer."""
from collections.abc import Callable
from datetime import UTC, date
from typing import Any

from chassis.domain.decider import Command, Decider
from chassis.domain.decision import CommandHandlers, DecisionBuilder, table_decider
from contracts.segmentation import PurchaseChanged
from services.segmentation.commands import CancelPurchase, RecordPurchase, RefundPurchase, RevisePurchase
from services.segmentation.state.purchase import (
    EVENTS,
    PurchaseCancelled,
    PurchaseKindSet,
    PurchasePlaced,
    PurchaseRefunded,
    PurchaseState,
    PurchaseValuesSet,
)

PurchaseDecision = DecisionBuilder[PurchaseState, None]
CommandHandler = Callable[[PurchaseDecision, Any], None]
Counted = tuple[date | None, int]  # day and net amount in minor units


def _publishing_change(record: CommandHandler) -> CommandHandler:
    """After the facts that `record` emits: publishes what the customer has to undo and redo."""

    def handle(decision: PurchaseDecision, command: Any) -> None:
        before = decision.state
        record(decision, command)
        _publish_change(decision, before, decision.state)

    return handle


def _record(decision: PurchaseDecision, command: RecordPurchase) -> None:
    _set_values(decision, command, command.customer_id, command.business_line, _amount(command))
    if decision.state.placed_at is None or decision.state.placed_at < command.at:
        decision.emit(PurchasePlaced(command.kind, command.day, command.at))


def _revise(decision: PurchaseDecision, command: RevisePurchase) -> None:
    _set_values(decision, command, command.customer_id, command.business_line, _amount(command))
    _set_kind(decision, command.kind)


def _cancel(decision: PurchaseDecision, command: CancelPurchase) -> None:
    _set_values(decision, command, command.customer_id)
    _set_kind(decision, command.kind)
    if decision.state.cancelled_at is None or decision.state.cancelled_at < command.at:
        decision.emit(PurchaseCancelled(command.at))


def _refund(decision: PurchaseDecision, command: RefundPurchase) -> None:
    _set_values(decision, command, command.customer_id)
    if decision.state.refunds.get(command.refund_id) != command.amount_minor:
        decision.emit(PurchaseRefunded(command.refund_id, command.amount_minor))


def _amount(command: RecordPurchase | RevisePurchase) -> tuple[int, str] | None:
    if command.amount_minor is None or command.currency is None:
        return None
    return command.amount_minor, command.currency


def _set_kind(decision: PurchaseDecision, kind: str) -> None:
    if decision.state.kind != kind:
        decision.emit(PurchaseKindSet(kind))


def _set_values(
    decision: PurchaseDecision, command: Command, customer_id: str | None, business_line: str | None = None,
    amount: tuple[int, str] | None = None,
) -> None:
    """Each value is the latest by (event time, id), in whatever order they arrive; empty ones are ignored."""
    stamp = f"{command.at.astimezone(UTC).isoformat(timespec='microseconds')} {command.ref}"
    values: dict[str, Any] = {"customer_id": customer_id, "business_line": business_line, "amount": amount}
    known = decision.state.stamps
    newer = {name: value for name, value in values.items() if value and stamp > known.get(name, "")}
    if newer:
        decision.emit(PurchaseValuesSet(stamp, **newer))


def _publish_change(decision: PurchaseDecision, before: PurchaseState, after: PurchaseState) -> None:
    """Nothing when it counts as before.

    When customer, currency or business line changed, it is taken back where it counted and counted where it is now.
    """
    was = (before.day, before.net_minor) if before.counts else None
    now = (after.day, after.net_minor) if after.counts else None
    if (before.customer_id, before.currency, before.business_line) == (
            after.customer_id, after.currency, after.business_line):
        if was != now:
            decision.emit(_changed(after, was, now))
        return
    if was:
        decision.emit(_changed(before, was, None))
    if now:
        decision.emit(_changed(after, None, now))


def _changed(purchase: PurchaseState, was: Counted | None, now: Counted | None) -> PurchaseChanged:
    return PurchaseChanged(
        customer_id=purchase.customer_id, purchase_id=purchase.purchase_id,
        kind="win" if purchase.kind == "win" else "order", currency=purchase.currency,
        business_line=purchase.business_line,
        day=now[0] if now else None, amount_minor=now[1] if now else 0,
        day_before=was[0] if was else None, amount_minor_before=was[1] if was else 0,
    )


COMMANDS: CommandHandlers[PurchaseDecision] = {
    RecordPurchase: _publishing_change(_record),
    RevisePurchase: _publishing_change(_revise),
    CancelPurchase: _publishing_change(_cancel),
    RefundPurchase: _publishing_change(_refund),
}

PURCHASE: Decider[Any, PurchaseState] = table_decider(COMMANDS, EVENTS, PurchaseState)
