"""Folds events into the image of a fact so that their order of arrival does not matter.

An image is builtins only and never changed in place. A stamp `[sequence, micros, source, id]` orders events: those of
our own services by their gapless sequence, those of enterprises by the event's time, then source and id.
"""
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Rejected
from chassis.messages.codec import canonical
from contracts.kinds import Dimensions, Line, Money

Stamp = list[Any]
Part = list[Any]  # [stamp, {field: value}]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLEARED = "d.*"  # a part with this key removes all further dimensions of earlier parts


def micros(at: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def stamp(meta: Meta) -> Stamp:
    """Of an event that an enterprise publishes."""
    return [0, micros(meta.time), meta.source, meta.id]


def own_stamp(meta: Meta) -> Stamp:
    """Of an event that one of our services publishes."""
    return [meta.sequence or 0, micros(meta.time), meta.source, meta.id]


def digest(event: Any) -> str:
    """24 hex digits; equal for events of equal content."""
    return hashlib.blake2b(canonical(event), digest_size=12).hexdigest()


def money(value: Money | None) -> list[Any] | None:
    """[amount in minor units, currency]."""
    return None if value is None else [value.amount_minor, value.currency]


def lines(value: Sequence[Line] | None) -> list[list[Any]] | None:
    """[[product, category, amount in minor units]]; the currency is that of the whole."""
    return None if value is None else [[x.product_id, x.category, x.amount.amount_minor] for x in value]


def dimensions(event: Dimensions) -> dict[str, Any]:
    """{dimension: label} of the event; absent ones are left out, further dimensions are named `d.<name>`."""
    labels: dict[str, Any] = {}
    for field, name in _LABELS:
        value = getattr(event, field)
        if value is not None:
            labels[name] = value
    for name, label in (event.dimensions or {}).items():
        labels[f"d.{name}"] = label
    return labels


_LABELS = (("business_line", "business_line"), ("region", "region"), ("team", "team"), ("rep_id", "rep"),
           ("customer_id", "customer_id"), ("product_id", "product_id"), ("campaign_id", "campaign"))
_REMOVABLE = dict(_LABELS)


def patched(event: Any, values: dict[str, Any]) -> dict[str, Any]:
    """`values` of a revision, with null for each field that it removes."""
    for field in event.given:
        if getattr(event, field, None) is None:
            if field == "dimensions":
                values[CLEARED] = None
            else:
                values[_REMOVABLE.get(field, field)] = None
    return values


def merged(parts: Sequence[Part], by: Stamp, values: Mapping[str, Any]) -> list[Part]:
    """The parts with one more. A field that a later part sets is dropped from earlier ones, so parts stay few."""
    ordered = sorted([*(p for p in parts if p[0] != by), [by, dict(values)]], key=lambda p: tuple(p[0]))
    result: list[Part] = []
    shadowed: set[str] = set()
    for when, fields in reversed(ordered):
        visible = {k: v for k, v in fields.items() if k not in shadowed and not (k[:2] == "d." and CLEARED in shadowed)}
        shadowed |= set(fields)
        if visible:
            result.append([when, visible])
    return result[::-1]


def whole(parts: Sequence[Part]) -> dict[str, Any]:
    """The fields of all parts together; the latest part wins."""
    values: dict[str, Any] = {}
    for _, fields in parts:
        if CLEARED in fields:
            values = {k: v for k, v in values.items() if k[:2] != "d."}
        values.update(fields)
    return values


def once(image: Image, slot: str, event: Any, by: Stamp, values: Mapping[str, Any]) -> Image | Rejected:
    """Writes `slot` once: `[stamp, digest, values]`. A second event of that type must have equal content."""
    content = digest(event)
    known = (image or {}).get(slot)
    if known is not None:
        if known[1] == content:
            return image
        return Rejected("already_known", f"an event with other content is stored as {slot.replace('_', ' ')}")
    return {**(image or {}), slot: [by, content, dict(values)]}


def once_each(image: Image, slot: str, id: str, event: Any, by: Stamp, values: Mapping[str, Any]) -> Image | Rejected:
    """`once` for events that may occur several times under their own ids, such as refunds."""
    inner = once((image or {}).get(slot), id, event, by, values)
    return inner if isinstance(inner, Rejected) else {**(image or {}), slot: inner}


def entries(image: Mapping[str, Any], slot: str) -> Iterator[tuple[str, Stamp, dict[str, Any]]]:
    """(id, stamp, values) of each event under `once_each`, by id."""
    for id, (by, _, values) in sorted((image.get(slot) or {}).items()):
        yield id, by, values
