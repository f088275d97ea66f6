"""Message handlers: message type -> commands for purchases and customers."""
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.handlers import CommandFor, Handler, Meta
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

Commands = Iterable[CommandFor]


def _order_key(event: OrderPlaced | OrderRevised | OrderCancelled | OrderRefunded) -> str:
    """Key of the order. Some enterprises number orders per customer, so it has both ids."""
    return f"order|{event.customer_id}|{event.order_id}"


def order_placed(zone: ZoneInfo) -> Handler:
    def handle(event: OrderPlaced, meta: Meta) -> Commands:
        yield CommandFor("purchase", _order_key(event), RecordPurchase(
            **meta.command_fields(), kind="order", customer_id=event.customer_id, day=meta.time.astimezone(zone).date(),
            amount_minor=event.amount.amount_minor, currency=event.amount.currency,
            business_line=event.business_line))
    return handle


def order_revised(event: OrderRevised, meta: Meta) -> Commands:
    yield CommandFor("purchase", _order_key(event), RevisePurchase(
        **meta.command_fields(), kind="order", customer_id=event.customer_id,
        amount_minor=event.amount.amount_minor if event.amount else None,
        currency=event.amount.currency if event.amount else None, business_line=event.business_line))


def order_cancelled(event: OrderCancelled, meta: Meta) -> Commands:
    yield CommandFor("purchase", _order_key(event), CancelPurchase(
        **meta.command_fields(), kind="order", customer_id=event.customer_id))


def order_refunded(event: OrderRefunded, meta: Meta) -> Commands:
    yield CommandFor("purchase", _order_key(event), RefundPurchase(
        **meta.command_fields(), customer_id=event.customer_id, refund_id=event.refund_id,
        amount_minor=event.amount.amount_minor))


def deal_won(zone: ZoneInfo) -> Handler:
    """A deal that is won before its customer or amount is known counts as soon as a revision brings them."""
    def handle(event: OpportunityWon, meta: Meta) -> Commands:
        yield CommandFor("purchase", f"win|{event.opportunity_id}", RecordPurchase(
            **meta.command_fields(), kind="win", day=event.closed_at.astimezone(zone).date(),
            **_deal(event.opportunity)))
    return handle


def deal_revised(event: OpportunityRevised, meta: Meta) -> Commands:
    """Only a won deal is a purchase; earlier revisions are stored in a purchase that does not count."""
    if event.opportunity.forecast_category == "closed":
        yield CommandFor("purchase", f"win|{event.opportunity_id}", RevisePurchase(
            **meta.command_fields(), kind="win", **_deal(event.opportunity)))


def deal_reopened(event: OpportunityReopened, meta: Meta) -> Commands:
    if event.won:
        yield CommandFor("purchase", f"win|{event.opportunity_id}", CancelPurchase(
            **meta.command_fields(), kind="win", customer_id=event.before.customer_id))


def _deal(deal: Opportunity) -> dict[str, Any]:
    return {"customer_id": deal.customer_id, "business_line": deal.business_line,
            "amount_minor": deal.amount.amount_minor if deal.amount else None,
            "currency": deal.amount.currency if deal.amount else None}


def purchase_changed(event: PurchaseChanged, meta: Meta) -> Commands:
    yield CommandFor("customer", event.customer_id, CountPurchase(
        **meta.command_fields(), purchase_id=event.purchase_id, kind=event.kind, currency=event.currency, day=event.day,
        amount_minor=event.amount_minor, day_before=event.day_before,
        amount_minor_before=event.amount_minor_before, count=event.count, business_line=event.business_line,
        through=event.through))


def rescoring_requested(event: RescoringRequested, meta: Meta) -> Commands:
    yield CommandFor("customer", event.customer_id, Rescore(
        **meta.command_fields(), segmentation=event.segmentation, as_of=event.as_of, version=event.version,
        cutoffs=event.cutoffs))


DESCRIPTIVE_FIELDS = ("name", "attributes", "business_line", "region", "team", "rep_id", "dimensions")


def customer_registered(event: CustomerRegistered, meta: Meta) -> Commands:
    fields = {n: getattr(event, n) for n in DESCRIPTIVE_FIELDS if getattr(event, n) is not None}
    yield _describe(event.customer_id, fields, event.contacts, event.contacts is not None, meta)


def customer_revised(event: CustomerRevised, meta: Meta) -> Commands:
    fields = {n: getattr(event, n) for n in DESCRIPTIVE_FIELDS if n in event.given}
    yield _describe(event.customer_id, fields, event.contacts, "contacts" in event.given, meta)


def _describe(
    id: str, fields: dict[str, object], contacts: tuple[Contact, ...] | None, given: bool, meta: Meta,
) -> CommandFor:
    if given:
        fields["contacts"] = [_plain(c) for c in contacts or ()]
    return CommandFor("customer", id, DescribeCustomer(**meta.command_fields(), changes=fields))


def _plain(contact: Contact) -> dict[str, object]:
    return {n: v for n in contact.__struct_fields__ if (v := getattr(contact, n)) is not None}


def customer_merged(event: CustomerMerged, meta: Meta) -> Commands:
    yield CommandFor("customer", event.customer_id, MergeCustomer(
        **meta.command_fields(), into_customer_id=event.into_customer_id))


def customer_erased(event: CustomerErased, meta: Meta) -> Commands:
    yield CommandFor("customer", event.customer_id, EraseCustomer(**meta.command_fields()))


def handlers(zone: ZoneInfo) -> dict[type, Handler]:
    """`zone`: the company's time zone, in which an order has its day."""
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
