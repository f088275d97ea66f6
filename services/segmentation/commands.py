"""Commands of purchases, customers and cut-offs."""
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from chassis.domain.decider import EMPTY, Command

PurchaseKind = Literal["order", "win"]


class RecordPurchase(Command, frozen=True, kw_only=True):
    """An order was placed, or a deal was won, on `day`. None: not known yet; a revision may bring it."""

    kind: PurchaseKind
    customer_id: str | None
    day: date
    amount_minor: int | None
    currency: str | None
    business_line: str | None = None


class RevisePurchase(Command, frozen=True, kw_only=True):
    """None: the field stays. It may arrive before the purchase itself."""

    kind: PurchaseKind
    customer_id: str | None
    amount_minor: int | None = None
    currency: str | None = None
    business_line: str | None = None


class CancelPurchase(Command, frozen=True, kw_only=True):
    """An order is cancelled, or a won deal is open again."""

    kind: PurchaseKind
    customer_id: str | None


class RefundPurchase(Command, frozen=True, kw_only=True):
    customer_id: str
    refund_id: str
    amount_minor: int


class DescribeCustomer(Command, frozen=True, kw_only=True):
    """`changes`: RFC 7396; None removes."""

    changes: Mapping[str, Any] = EMPTY


class CountPurchase(Command, frozen=True, kw_only=True):
    """A purchase counts differently than before; `day` None: no longer. `through`: customers that forwarded it."""

    purchase_id: str
    kind: PurchaseKind
    currency: str
    day: date | None
    amount_minor: int
    day_before: date | None
    amount_minor_before: int
    count: int
    business_line: str | None
    through: tuple[str, ...] = ()


class Rescore(Command, frozen=True, kw_only=True):
    segmentation: str
    as_of: date
    version: int
    cutoffs: Mapping[str, tuple[int, ...]]


class MergeCustomer(Command, frozen=True, kw_only=True):
    into_customer_id: str


class EraseCustomer(Command, frozen=True, kw_only=True):
    pass


class MoveCutoffs(Command, frozen=True, kw_only=True):
    """Cut-offs as of a day. `base`: size of the customer base they come from; `definitions`: name@version of all."""

    as_of: date
    cutoffs: Mapping[str, tuple[int, ...]]
    base: str
    definitions: str


class RecordAnnouncement(Command, frozen=True, kw_only=True):
    """Customers up to this id have been sent the cut-offs of this version; None: all have."""

    version: int
    upto: str | None
