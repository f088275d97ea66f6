"""What one may ask of a purchase, a customer, or the cut-offs of a segmentation."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from chassis.decider import Command

Kind = Literal["order", "win"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPurchase(Command):
    """An order was placed, or a deal was won, on `day`. None: nothing is known of that; a revision may tell."""

    kind: Kind
    customer_id: str | None
    day: date
    amount_minor: int | None
    currency: str | None
    business_line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisePurchase(Command):
    """None: that field stays. It may be heard before the purchase itself."""

    kind: Kind
    customer_id: str | None
    amount_minor: int | None = None
    currency: str | None = None
    business_line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPurchase(Command):
    """An order is cancelled, or a won deal is open again."""

    kind: Kind
    customer_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPurchase(Command):
    customer_id: str
    refund_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCustomer(Command):
    """`changes`: the fields that were told, RFC 7396; None removes."""

    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPurchase(Command):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescore(Command):
    segmentation: str
    as_of: date
    version: int
    cutoffs: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCustomer(Command):
    into_customer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseCustomer(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCutoffs(Command):
    """New cut-offs as of a day; `base` tells the change of the customers they were made from."""

    as_of: date
    cutoffs: Mapping[str, tuple[int, ...]]
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishRescoring(Command):
    """Every customer has been told the cut-offs of this version."""

    version: int
