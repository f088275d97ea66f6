"""A purchase: an order, or a deal that was won."""
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from chassis.domain.decider import State, replace
from chassis.domain.decision import EventHandlers


class PurchaseState(State, frozen=True):
    """Values merge by event time, the latest wins: a revision may arrive before the purchase itself.

    `stamps`: {customer_id, amount, business_line: event time and id of the value}.
    """

    purchase_id: str
    kind: str = "order"
    customer_id: str = ""
    day: date | None = None
    placed_at: datetime | None = None
    cancelled_at: datetime | None = None
    amount_minor: int = 0
    currency: str = ""
    business_line: str | None = None
    refunds: Mapping[str, int] = {}
    stamps: Mapping[str, str] = msgspec.field(default_factory=dict, name="said")

    @property
    def counts(self) -> bool:
        """It happened, has a customer, and is not cancelled: an order for good, a deal until it is won again."""
        if self.placed_at is None or not self.customer_id or not self.currency:
            return False
        if self.cancelled_at is None:
            return True
        return self.kind == "win" and self.cancelled_at < self.placed_at

    @property
    def net_minor(self) -> int:
        return self.amount_minor - sum(self.refunds.values())


# --- unpublished events ----------------------------------------------------------------------------------------------


class PurchaseValuesSet(State, frozen=True):
    """Newer values than known, with their stamp; None: not among them."""

    stamp: str
    customer_id: str | None = None
    business_line: str | None = None
    amount: tuple[int, str] | None = None  # minor units and currency


class PurchasePlaced(State, frozen=True):
    kind: str
    day: date
    at: datetime


class PurchaseKindSet(State, frozen=True):
    kind: str


class PurchaseCancelled(State, frozen=True):
    at: datetime


class PurchaseRefunded(State, frozen=True):
    refund_id: str
    amount_minor: int


# --- event handlers --------------------------------------------------------------------------------------------------


def _values_set(state: PurchaseState, event: PurchaseValuesSet) -> PurchaseState:
    values: dict[str, Any] = {name: value for name in ("customer_id", "business_line", "amount")
                              if (value := getattr(event, name)) is not None}
    stamps = {**state.stamps, **dict.fromkeys(values, event.stamp)}
    if "amount" in values:
        values["amount_minor"], values["currency"] = values.pop("amount")
    return replace(state, stamps=stamps, **values)


EVENTS: EventHandlers[PurchaseState] = {
    PurchaseValuesSet: _values_set,
    PurchasePlaced: lambda state, event: replace(state, kind=event.kind, day=event.day, placed_at=event.at),
    PurchaseKindSet: lambda state, event: replace(state, kind=event.kind),
    PurchaseCancelled: lambda state, event: replace(state, cancelled_at=event.at),
    PurchaseRefunded: lambda state, event: replace(
        state, refunds={**state.refunds, event.refund_id: event.amount_minor}),
}
