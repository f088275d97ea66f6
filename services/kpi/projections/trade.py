"""Orders with their refunds, invoices, payments with their reversals: each net, on the day on which it began."""
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Rejected, Touch
from contracts.crm import (
    InvoiceCancelled,
    InvoiceIssued,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderRevised,
    PaymentReceived,
    PaymentReversed,
)
from contracts.kinds import Line, Money
from services.kpi.definitions.rows import FactRow, LineAmount
from services.kpi.projections.images import (
    dimensions,
    entries,
    lines,
    merged,
    money,
    once,
    once_each,
    patched,
    stamp,
    whole,
)
from services.kpi.projections.registry import EventHandler
from services.kpi.projections.rows import FactContext, FactImage, cell_labels, fact_row, split_by_line

ORDER, INVOICE, PAYMENT = "order", "invoice", "payment"


def _amounts(event: Any) -> dict[str, Any]:
    """Dimensions, money and lines, as far as the event has them."""
    values = {"amount": money(event.amount), "tax": money(getattr(event, "tax", None)),
              "lines": lines(getattr(event, "lines", None))}
    return dimensions(event) | {name: value for name, value in values.items() if value is not None}


# --- events change facts ---------------------------------------------------------------------------------------------


def order_id(event: Any) -> str:
    """Order ids are unique within their customer."""
    return f"{event.customer_id}|{event.order_id}"


def _placed(event: OrderPlaced, meta: Meta) -> Touch:
    by = stamp(meta)

    def fold(image: Image) -> Image | Rejected:
        new = once(image, "placed", event, by, {})
        if isinstance(new, Rejected) or new is image:
            return new
        return {**new, "parts": merged(new.get("parts", ()), by, _amounts(event))}

    return Touch(ORDER, order_id(event), fold)


def _revised(event: OrderRevised, meta: Meta) -> Touch:
    by, values = stamp(meta), patched(event, _amounts(event))
    return Touch(ORDER, order_id(event), lambda image: {
        **(image or {}), "parts": merged((image or {}).get("parts", ()), by, values)})


def _refunded(event: OrderRefunded, meta: Meta) -> Touch:
    return Touch(ORDER, order_id(event), lambda image: once_each(
        image, "refunds", event.refund_id, event, stamp(meta), _amounts(event)))


def _order_cancelled(event: OrderCancelled, meta: Meta) -> Touch:
    return Touch(ORDER, order_id(event), lambda image: once(image, "cancelled", event, stamp(meta), {}))


def _issued(event: InvoiceIssued, meta: Meta) -> Touch:
    return Touch(INVOICE, f"{event.customer_id}|{event.invoice_id}",
                 lambda image: once(image, "issued", event, stamp(meta), _amounts(event)))


def _invoice_cancelled(event: InvoiceCancelled, meta: Meta) -> Touch:
    return Touch(INVOICE, f"{event.customer_id}|{event.invoice_id}",
                 lambda image: once(image, "cancelled", event, stamp(meta), {}))


def _received(event: PaymentReceived, meta: Meta) -> Touch:
    return Touch(PAYMENT, f"{event.customer_id}|{event.payment_id}",
                 lambda image: once(image, "received", event, stamp(meta), _amounts(event)))


def _reversed(event: PaymentReversed, meta: Meta) -> Touch:
    return Touch(PAYMENT, f"{event.customer_id}|{event.payment_id}", lambda image: once_each(
        image, "reversals", event.reversal_id, event, stamp(meta), _amounts(event)))


def handlers(_context: FactContext) -> Mapping[type, EventHandler]:
    return {
        OrderPlaced: _placed, OrderRevised: _revised, OrderRefunded: _refunded, OrderCancelled: _order_cancelled,
        InvoiceIssued: _issued, InvoiceCancelled: _invoice_cancelled, PaymentReceived: _received,
        PaymentReversed: _reversed}


# --- facts yield rows ------------------------------------------------------------------------------------------------


@fact_row("order.placing", fields="order_id customer_id amount tax cancelled", labels="campaign", lines=True)
def placing(fact: FactImage) -> Iterator[FactRow]:
    """An order, net of its refunds. Refunds in another currency are a row of that currency."""
    image = fact.image
    if "placed" not in image:
        return
    values, is_cancelled = whole(image["parts"]), "cancelled" in image
    amount, currency = values.get("amount") or (0, "")
    own = split_by_line(amount, values.get("lines"), values.get("product_id"))
    labels, day = cell_labels(values), fact.day(image["placed"][0][1])
    refunds = {} if is_cancelled else _deductions(image, "refunds", values)
    fields = {"order_id": fact.id.split("|", 1)[1], "customer_id": values.get("customer_id"),
              "cancelled": is_cancelled, "tax": (values.get("tax") or (None,))[0]}
    net = None if is_cancelled or not currency else amount + sum(a for _, _, a in refunds.get(currency, ()))
    yield FactRow(fact.id, day, labels, {**fields, "amount": net}, currency or None, [*own, *refunds.pop(currency, ())],
                  pairs=[(p, c) for p, c, _ in own])
    yield from _in_other_currencies(fact.id, day, labels, fields, refunds)


def _deductions(image: Image, slot: str, values: Mapping[str, Any]) -> dict[str, list[LineAmount]]:
    """{currency: negative amounts by product and category}."""
    deductions: dict[str, list[LineAmount]] = {}
    for _, _, deduction in entries(image, slot):
        amount, currency = deduction["amount"]
        parts = split_by_line(amount, deduction.get("lines"), deduction.get("product_id") or values.get("product_id"))
        deductions.setdefault(currency, []).extend((p, c, -a) for p, c, a in parts)
    return deductions


def _in_other_currencies(
    id: str, day: date, labels: Mapping[str, str | None], fields: Mapping[str, Any],
    deductions: Mapping[str, list[LineAmount]],
) -> Iterator[FactRow]:
    for currency, parts in sorted(deductions.items()):
        total = sum(a for _, _, a in parts)
        yield FactRow(id, day, labels, {**fields, "cancelled": True, "amount": total}, currency, parts)


@fact_row("order.refund", fields="order_id customer_id refund_id amount", labels="campaign", lines=True)
def refund(fact: FactImage) -> Iterator[FactRow]:
    """Each refund on its own day; dimensions that it lacks are the order's."""
    values = whole(fact.image.get("parts", ()))
    for refund_id, by, own in entries(fact.image, "refunds"):
        amount, currency = own["amount"]
        yield FactRow(
            fact.id, fact.day(by[1]), cell_labels(values | own),
            {"order_id": fact.id.split("|", 1)[1], "customer_id": own.get("customer_id"), "refund_id": refund_id,
             "amount": amount}, currency,
            split_by_line(amount, own.get("lines"), own.get("product_id") or values.get("product_id")))


@fact_row("invoice.issue", fields="invoice_id customer_id amount tax cancelled", labels="campaign")
def issue(fact: FactImage) -> Iterator[FactRow]:
    if "issued" in fact.image:
        by, _, values = fact.image["issued"]
        amount, currency = values["amount"]
        yield FactRow(fact.id, fact.day(by[1]), cell_labels(values), {
            "invoice_id": fact.id.split("|", 1)[1], "customer_id": values.get("customer_id"), "amount": amount,
            "tax": (values.get("tax") or (None,))[0], "cancelled": "cancelled" in fact.image}, currency)


@fact_row("payment.receipt", fields="payment_id customer_id amount", labels="campaign")
def receipt(fact: FactImage) -> Iterator[FactRow]:
    """A payment net of its reversals, on the day of the payment."""
    if "received" not in fact.image:
        return
    by, _, values = fact.image["received"]
    amount, currency = values["amount"]
    reversals = _deductions(fact.image, "reversals", values) if "reversals" in fact.image else {}
    labels, day = cell_labels(values), fact.day(by[1])
    fields = {"payment_id": fact.id.split("|", 1)[1], "customer_id": values.get("customer_id")}
    net = amount + sum(a for _, _, a in reversals.pop(currency, ()))
    yield FactRow(fact.id, day, labels, {**fields, "amount": net}, currency)
    yield from _in_other_currencies(fact.id, day, labels, fields, reversals)


def example() -> Iterator[Any]:
    euro = Money(amount_minor=100, currency="EUR")
    yield OrderPlaced(order_id="O1", customer_id="C1", amount=euro, lines=(Line(product_id="P1", amount=euro),))
    yield OrderRefunded(refund_id="F1", order_id="O1", customer_id="C1", amount=euro)
    yield InvoiceIssued(invoice_id="I1", customer_id="C1", amount=euro)
    yield PaymentReceived(payment_id="P1", customer_id="C1", amount=euro)
