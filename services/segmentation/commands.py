"""What one may ask of a purchase, a customer, or the cut-offs of a segmentation."""
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from chassis.domain.decider import EMPTY, Command

Kind = Literal["order", "win"]


class RecordPurchase(Command, frozen=True, kw_only=True):
    """An order was placed, or a deal was won, on `day`. None: nothing is known of that; a revision may tell."""

    kind: Kind
    customer_id: str | None
    day: date
    amount_minor: int | None
    currency: str | None
    business_line: str | None = None


class RevisePurchase(Command, frozen=True, kw_only=True):
    """None: that field stays. It may be heard before the purchase itself."""

    kind: Kind
    customer_id: str | None
    amount_minor: int | None = None
    currency: str | None = None
    business_line: str | None = None


class CancelPurchase(Command, frozen=True, kw_only=True):
    """An order is cancelled, or a won deal is open again."""

    kind: Kind
    customer_id: str | None


class RefundPurchase(Command, frozen=True, kw_only=True):
    customer_id: str
    refund_id: str
    amount_minor: int


class DescribeCustomer(Command, frozen=True, kw_only=True):
    """`changes`: the fields that were told, RFC 7396; None removes."""

    changes: Mapping[str, Any] = EMPTY


class CountPurchase(Command, frozen=True, kw_only=True):
    """A purchase counts otherwise than before: `day` None is not at all. `through`: who has passed it on."""

    purchase_id: str
    kind: Kind
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
    """Cut-offs as of a day. `base`: the customers they were made from, in figures; `definitions`: all in force."""

    as_of: date
    cutoffs: Mapping[str, tuple[int, ...]]
    base: str
    definitions: str


class NoteTold(Command, frozen=True, kw_only=True):
    """Customers up to this one, by their ids, have been told the cut-offs of this version; None: all have."""

    version: int
    upto: str | None
