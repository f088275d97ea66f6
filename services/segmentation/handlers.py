"""Which message concerns which purchase or customer, and what it asks of it."""
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.handlers import Ask, Handler, Meta
from contracts.crm import (
    CustomerErased,
    CustomerMerged,
    CustomerRegistered,
    CustomerRevised,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderRevised,
)
from contracts.kinds import Contact
from contracts.pipeline import Opportunity, OpportunityReopened, OpportunityRevised, OpportunityWon
from contracts.segmentation import PurchaseChanged, RescoringRequested
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

Asks = Iterable[Ask]


def _order(event: OrderPlaced | OrderRevised | OrderCancelled | OrderRefunded) -> str:
    """Some enterprises number orders per customer, so an order is known by both."""
    return f"order|{event.customer_id}|{event.order_id}"


def order_placed(zone: ZoneInfo) -> Handler:
    def handle(event: OrderPlaced, meta: Meta) -> Asks:
        yield Ask("purchase", _order(event), RecordPurchase(
            **meta.told(), kind="order", customer_id=event.customer_id, day=meta.time.astimezone(zone).date(),
            amount_minor=event.amount.amount_minor, currency=event.amount.currency,
            business_line=event.business_line))
    return handle


def order_revised(event: OrderRevised, meta: Meta) -> Asks:
    yield Ask("purchase", _order(event), RevisePurchase(
        **meta.told(), kind="order", customer_id=event.customer_id,
        amount_minor=event.amount.amount_minor if event.amount else None,
        currency=event.amount.currency if event.amount else None, business_line=event.business_line))


def order_cancelled(event: OrderCancelled, meta: Meta) -> Asks:
    yield Ask("purchase", _order(event), CancelPurchase(**meta.told(), kind="order", customer_id=event.customer_id))


def order_refunded(event: OrderRefunded, meta: Meta) -> Asks:
    yield Ask("purchase", _order(event), RefundPurchase(
        **meta.told(), customer_id=event.customer_id, refund_id=event.refund_id,
        amount_minor=event.amount.amount_minor))


def deal_won(zone: ZoneInfo) -> Handler:
    """A deal that is won before its customer or amount is known counts as soon as a revision tells them."""
    def handle(event: OpportunityWon, meta: Meta) -> Asks:
        yield Ask("purchase", f"win|{event.opportunity_id}", RecordPurchase(
            **meta.told(), kind="win", day=event.closed_at.astimezone(zone).date(), **_deal(event.opportunity)))
    return handle


def deal_revised(event: OpportunityRevised, meta: Meta) -> Asks:
    """Only a won deal is a purchase; what is revised before waits in a document that counts for nothing."""
    if event.opportunity.forecast_category == "closed":
        yield Ask("purchase", f"win|{event.opportunity_id}", RevisePurchase(
            **meta.told(), kind="win", **_deal(event.opportunity)))


def deal_reopened(event: OpportunityReopened, meta: Meta) -> Asks:
    if event.won:
        yield Ask("purchase", f"win|{event.opportunity_id}", CancelPurchase(
            **meta.told(), kind="win", customer_id=event.before.customer_id))


def _deal(deal: Opportunity) -> dict[str, Any]:
    return {"customer_id": deal.customer_id, "business_line": deal.business_line,
            "amount_minor": deal.amount.amount_minor if deal.amount else None,
            "currency": deal.amount.currency if deal.amount else None}


def purchase_changed(event: PurchaseChanged, meta: Meta) -> Asks:
    yield Ask("customer", event.customer_id, CountPurchase(
        **meta.told(), purchase_id=event.purchase_id, kind=event.kind, currency=event.currency, day=event.day,
        amount_minor=event.amount_minor, day_before=event.day_before,
        amount_minor_before=event.amount_minor_before, count=event.count, business_line=event.business_line,
        through=event.through))


def rescoring_requested(event: RescoringRequested, meta: Meta) -> Asks:
    yield Ask("customer", event.customer_id, Rescore(
        **meta.told(), segmentation=event.segmentation, as_of=event.as_of, version=event.version,
        cutoffs=event.cutoffs))


DESCRIBING = ("name", "attributes", "business_line", "region", "team", "rep_id", "dimensions")


def customer_registered(event: CustomerRegistered, meta: Meta) -> Asks:
    told = {n: getattr(event, n) for n in DESCRIBING if getattr(event, n) is not None}
    yield _describe(event.customer_id, told, event.contacts, event.contacts is not None, meta)


def customer_revised(event: CustomerRevised, meta: Meta) -> Asks:
    told = {n: getattr(event, n) for n in DESCRIBING if n in event.given}
    yield _describe(event.customer_id, told, event.contacts, "contacts" in event.given, meta)


def _describe(id: str, told: dict[str, object], contacts: tuple[Contact, ...] | None, given: bool, meta: Meta) -> Ask:
    if given:
        told["contacts"] = [_plain(c) for c in contacts or ()]
    return Ask("customer", id, DescribeCustomer(**meta.told(), changes=told))


def _plain(contact: Contact) -> dict[str, object]:
    return {n: v for n in contact.__struct_fields__ if (v := getattr(contact, n)) is not None}


def customer_merged(event: CustomerMerged, meta: Meta) -> Asks:
    yield Ask("customer", event.customer_id, MergeCustomer(**meta.told(), into_customer_id=event.into_customer_id))


def customer_erased(event: CustomerErased, meta: Meta) -> Asks:
    yield Ask("customer", event.customer_id, EraseCustomer(**meta.told()))


def handlers(zone: ZoneInfo) -> dict[type, Handler]:
    """The table; `zone` is the company's, in which an order has its day."""
    return {
        OrderPlaced: order_placed(zone),
        OrderRevised: order_revised,
        OrderCancelled: order_cancelled,
        OrderRefunded: order_refunded,
        OpportunityWon: deal_won(zone),
        OpportunityRevised: deal_revised,
        OpportunityReopened: deal_reopened,
        PurchaseChanged: purchase_changed,
        RescoringRequested: rescoring_requested,
        CustomerRegistered: customer_registered,
        CustomerRevised: customer_revised,
        CustomerMerged: customer_merged,
        CustomerErased: customer_erased,
    }


HANDLERS = handlers(ZoneInfo("UTC"))
