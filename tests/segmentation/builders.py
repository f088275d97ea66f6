"""Builders of the segmentation tests: a small segmentation and the commands of purchases and customers."""
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chassis.domain.definitions import Definition, Definitions
from chassis.domain.testing import given, of_type, published
from contracts.segmentation import PurchaseChanged
from services.segmentation.commands import (
    CancelPurchase,
    CountPurchase,
    DescribeCustomer,
    EraseCustomer,
    MergeCustomer,
    RecordPurchase,
    RefundPurchase,
    Rescore,
    RevisePurchase,
)
from services.segmentation.decider.customers import customer_decider
from services.segmentation.decider.purchases import PURCHASE
from services.segmentation.definitions import Segmentations
from services.segmentation.definitions.compiler import compile_segmentations
from services.segmentation.state.customer import CustomerState
from services.segmentation.state.purchase import PurchaseState

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
TITLE = {"en": "A segment", "zh": "分群"}
ANY = [1, 5]

RFM: Mapping[str, Any] = {
    "name": "rfm", "version": 1, "title": TITLE, "purchases": "orders_else_wins",
    "cutoffs": {
        "method": "quantiles", "smallest_base": 5, "monetary_unit_minor": 100,
        "absolute": {"recency_days": [30, 90, 180, 365], "frequency": [2, 3, 5, 9],
                     "monetary_minor": [1_000, 5_000, 20_000, 100_000]},
    },
    "segments": [
        {"name": "best", "title": TITLE, "r": [5, 5], "f": [2, 5], "m": ANY},
        {"name": "fresh", "title": TITLE, "r": [4, 5], "f": ANY, "m": ANY},
        {"name": "rest", "title": TITLE, "r": ANY, "f": ANY, "m": ANY},
    ],
}


def compiled(*more: Mapping[str, Any], zone: str = "UTC", **change: Any) -> Segmentations:
    """The small segmentation with these keys changed, followed by further ones."""
    bodies = [{**RFM, **change}, *more]
    calendar = Definition("calendar", "calendar", 1, {"timezone": zone}, "calendar.yaml")
    return compile_segmentations(Definitions([
        *(Definition("segments", str(b["name"]), int(b["version"]), b, f"segments/{b['name']}.yaml") for b in bodies),
        calendar]))


ONE = compiled()
CUSTOMER = customer_decider(ONE)


def at(days: float = 0) -> datetime:
    return T0 + timedelta(days=days)


def day(days: int = 0) -> date:
    return at(days).date()


def command_fields(days: float, ref: str, live: bool = True) -> dict[str, Any]:
    return {"at": at(days), "ref": ref, "actor": "shop", "live": live}


# --- purchases -------------------------------------------------------------------------------------------------------


def record(amount: int | None = 5_000, days: int = 0, *, kind: Any = "order", customer: str | None = "k1",
           currency: str | None = "EUR", line: str | None = "software", ref: str = "placed") -> RecordPurchase:
    return RecordPurchase(**command_fields(days, ref), kind=kind, customer_id=customer, day=day(days),
                          amount_minor=amount, currency=currency, business_line=line)


def revise(amount: int | None = None, days: float = 1, *, kind: Any = "order", customer: str | None = "k1",
           currency: str | None = "EUR", line: str | None = None, ref: str = "revised") -> RevisePurchase:
    return RevisePurchase(**command_fields(days, ref), kind=kind, customer_id=customer, amount_minor=amount,
                          currency=currency, business_line=line)


def cancel(days: float = 2, *, kind: Any = "order", customer: str | None = "k1") -> CancelPurchase:
    return CancelPurchase(**command_fields(days, f"cancelled-{days}"), kind=kind, customer_id=customer)


def refund(amount: int, id: str = "f1", days: float = 3) -> RefundPurchase:
    return RefundPurchase(**command_fields(days, f"refund-{id}"), customer_id="k1", refund_id=id, amount_minor=amount)


def purchase_after(*commands: Any) -> tuple[PurchaseState, list[PurchaseChanged]]:
    """The purchase after these commands, and the events for its customer."""
    scenario = given(PURCHASE, key="order|k1|o1").commands(*commands)
    return scenario.state, of_type(PurchaseChanged, scenario.events)


# --- customers -------------------------------------------------------------------------------------------------------


def bought(days: int = 0, amount: int = 5_000, *, live: bool = True, id: str | None = None, kind: Any = "order",
           currency: str = "EUR", line: str | None = "software", command_day: float | None = None,
           through: tuple[str, ...] = ()) -> CountPurchase:
    ref = id or f"order-{days}-{amount}-{kind}"
    fields = command_fields(days if command_day is None else command_day, ref, live)
    return CountPurchase(**fields, purchase_id=ref, kind=kind, currency=currency, day=day(days), amount_minor=amount,
                         day_before=None, amount_minor_before=0, count=1, business_line=line, through=through)


def reversal(command: CountPurchase, days: float) -> CountPurchase:
    return CountPurchase(
        **command_fields(days, f"reversal-{command.ref}"), purchase_id=command.purchase_id, kind=command.kind,
        currency=command.currency, day=None, amount_minor=0, day_before=command.day,
        amount_minor_before=command.amount_minor, count=1, business_line=command.business_line)


def counted(event: PurchaseChanged, days: float = 10) -> CountPurchase:
    """The command for the customer that the handler of this event returns."""
    names = ("purchase_id", "kind", "currency", "day", "amount_minor", "day_before", "amount_minor_before", "count",
             "business_line", "through")
    return CountPurchase(**command_fields(days, event.purchase_id), **{n: getattr(event, n) for n in names})


def describe(days: float = 0, **changes: Any) -> DescribeCustomer:
    return DescribeCustomer(**command_fields(days, f"described-{days}"), changes=changes)


def rescore(version: int, as_of: int, **cutoffs: tuple[int, ...]) -> Rescore:
    absolute = dict(ONE.first.absolute)
    return Rescore(**command_fields(as_of, f"rescore-{version}"), segmentation="rfm", as_of=day(as_of), version=version,
                   cutoffs={**absolute, **cutoffs})


def merge(into: str, days: float = 5) -> MergeCustomer:
    return MergeCustomer(**command_fields(days, f"merge-{into}"), into_customer_id=into)


def erase(days: float = 6) -> EraseCustomer:
    return EraseCustomer(**command_fields(days, "erase"))


def customer_after(
    *commands: Any, until: float | None = None, decider: Any = CUSTOMER, id: str = "k1",
) -> tuple[CustomerState, list[Any]]:
    """The customer after these commands and every deadline up to `until`, and the published events."""
    scenario = given(decider, key=id).commands(*commands)
    if until is not None:
        scenario = scenario.until(at(until))
    return scenario.state, published(scenario.events)
