"""Orders with their refunds, invoices, payments with their reversals: each net, on the day on which it began."""
from collections.abc import Callable, Iterator, Mapping
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
from services.kpi.projections.rows import Clock, Row, Split, labels_of, split

ORDER, INVOICE, PAYMENT = "order", "invoice", "payment"


def _amounts(event: Any) -> dict[str, Any]:
    """Dimensions, money and lines, as far as they are said."""
    said = {"amount": money(event.amount), "tax": money(getattr(event, "tax", None)),
            "lines": lines(getattr(event, "lines", None))}
    return dimensions(event) | {name: value for name, value in said.items() if value is not None}


# --- what events change ----------------------------------------------------------------------------------------------


def order_id(event: Any) -> str:
    """An order's id is its customer's own."""
    return f"{event.customer_id}|{event.order_id}"


def _placed(event: OrderPlaced, meta: Meta) -> Touch:
    by = stamp(meta)

    def fold(image: Image) -> Image | Rejected:
        made = once(image, "placed", event, by, {})
        if isinstance(made, Rejected) or made is image:
            return made
        return {**made, "parts": merged(made.get("parts", ()), by, _amounts(event))}

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


TOUCHES: Mapping[type, Callable[[Any, Meta], Touch]] = {
    OrderPlaced: _placed, OrderRevised: _revised, OrderRefunded: _refunded, OrderCancelled: _order_cancelled,
    InvoiceIssued: _issued, InvoiceCancelled: _invoice_cancelled,
    PaymentReceived: _received, PaymentReversed: _reversed,
}


# --- what facts yield ------------------------------------------------------------------------------------------------


def placing(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    """An order, net of what was given back. What was given back in another currency is a row of that currency."""
    if "placed" not in image:
        return
    values, cancelled = whole(image["parts"]), "cancelled" in image
    amount, currency = values.get("amount") or (0, "")
    own = split(amount, values.get("lines"), values.get("product_id"))
    labels, day = labels_of(values), clock.day(image["placed"][0][1])
    back = {} if cancelled else _given_back(image, "refunds", values)
    fields = {"order_id": id.split("|", 1)[1], "customer_id": values.get("customer_id"), "cancelled": cancelled,
              "tax": (values.get("tax") or (None,))[0]}
    net = None if cancelled or not currency else amount + sum(a for _, _, a in back.get(currency, ()))
    yield Row(id, day, labels, {**fields, "amount": net}, currency or None, [*own, *back.pop(currency, ())],
              pairs=[(p, c) for p, c, _ in own])
    yield from _foreign(id, day, labels, fields, back)


def _given_back(image: Image, slot: str, values: Mapping[str, Any]) -> dict[str, list[Split]]:
    """Negative amounts by currency."""
    made: dict[str, list[Split]] = {}
    for _, _, said in entries(image, slot):
        amount, currency = said["amount"]
        parts = split(amount, said.get("lines"), said.get("product_id") or values.get("product_id"))
        made.setdefault(currency, []).extend((p, c, -a) for p, c, a in parts)
    return made


def _foreign(id: str, day: date, labels: Mapping[str, str | None], fields: Mapping[str, Any],
             back: Mapping[str, list[Split]]) -> Iterator[Row]:
    for currency, parts in sorted(back.items()):
        total = sum(a for _, _, a in parts)
        yield Row(id, day, labels, {**fields, "cancelled": True, "amount": total}, currency, parts)


def refund(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    """Each refund on its own day; what it does not say of its dimensions, the order says."""
    values = whole(image.get("parts", ()))
    for refund_id, by, said in entries(image, "refunds"):
        amount, currency = said["amount"]
        yield Row(id, clock.day(by[1]), labels_of(values | said),
                  {"order_id": id.split("|", 1)[1], "customer_id": said.get("customer_id"), "refund_id": refund_id,
                   "amount": amount}, currency,
                  split(amount, said.get("lines"), said.get("product_id") or values.get("product_id")))


def issue(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    if "issued" in image:
        by, _, values = image["issued"]
        amount, currency = values["amount"]
        yield Row(id, clock.day(by[1]), labels_of(values), {
            "invoice_id": id.split("|", 1)[1], "customer_id": values.get("customer_id"), "amount": amount,
            "tax": (values.get("tax") or (None,))[0], "cancelled": "cancelled" in image}, currency)


def receipt(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    """A payment net of its reversals, on the day of the payment."""
    if "received" not in image:
        return
    by, _, values = image["received"]
    amount, currency = values["amount"]
    back = _given_back(image, "reversals", values) if "reversals" in image else {}
    labels, day = labels_of(values), clock.day(by[1])
    fields = {"payment_id": id.split("|", 1)[1], "customer_id": values.get("customer_id")}
    net = amount + sum(a for _, _, a in back.pop(currency, ()))
    yield Row(id, day, labels, {**fields, "amount": net}, currency)
    yield from _foreign(id, day, labels, fields, back)
