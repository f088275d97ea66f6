"""How the image of a fact is put together so that the order of its events does not matter.

An image is builtins only and never changed in place. A stamp `[sequence, micros, source, id]` orders what was said: for
what our own services say their gapless sequence decides, for enterprises the time of the event, then source and id.
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
CLEARED = "d.*"  # says that all further dimensions said before are removed


def micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def stamp(meta: Meta) -> Stamp:
    return [0, micros(meta.time), meta.source, meta.id]


def own_stamp(meta: Meta) -> Stamp:
    return [meta.sequence or 0, micros(meta.time), meta.source, meta.id]


def digest(event: Any) -> str:
    return hashlib.blake2b(canonical(event), digest_size=12).hexdigest()


def money(value: Money | None) -> list[Any] | None:
    return None if value is None else [value.amount_minor, value.currency]


def lines(value: Sequence[Line] | None) -> list[list[Any]] | None:
    """[[product, category, amount in minor units]]; the currency is that of the whole."""
    return None if value is None else [[x.product_id, x.category, x.amount.amount_minor] for x in value]


def dimensions(event: Dimensions) -> dict[str, Any]:
    """What the event says of its dimensions; what it does not say is left out."""
    made: dict[str, Any] = {}
    for field, name in _LABELS:
        value = getattr(event, field)
        if value is not None:
            made[name] = value
    for name, label in (event.dimensions or {}).items():
        made[f"d.{name}"] = label
    return made


_LABELS = (("business_line", "business_line"), ("region", "region"), ("team", "team"), ("rep_id", "rep"),
           ("customer_id", "customer_id"), ("product_id", "product_id"), ("campaign_id", "campaign"))
_REMOVABLE = dict(_LABELS)


def patched(event: Any, values: dict[str, Any]) -> dict[str, Any]:
    """`values` of a revision, with null for what it names only to remove."""
    for field in event.given:
        if getattr(event, field, None) is None:
            if field == "dimensions":
                values[CLEARED] = None
            else:
                values[_REMOVABLE.get(field, field)] = None
    return values


def merged(parts: Sequence[Part], by: Stamp, values: Mapping[str, Any]) -> list[Part]:
    """The parts with one more. What a later part says anew is dropped from earlier ones, so they stay few."""
    ordered = sorted([*(p for p in parts if p[0] != by), [by, dict(values)]], key=lambda p: tuple(p[0]))
    kept: list[Part] = []
    shadowed: set[str] = set()
    for when, said in reversed(ordered):
        left = {k: v for k, v in said.items() if k not in shadowed and not (k[:2] == "d." and CLEARED in shadowed)}
        shadowed |= set(said)
        if left:
            kept.append([when, left])
    return kept[::-1]


def whole(parts: Sequence[Part]) -> dict[str, Any]:
    """What all parts say together: the last word on each field."""
    made: dict[str, Any] = {}
    for _, said in parts:
        if CLEARED in said:
            made = {k: v for k, v in made.items() if k[:2] != "d."}
        made.update(said)
    return made


def once(image: Image, slot: str, event: Any, by: Stamp, values: Mapping[str, Any]) -> Image | Rejected:
    """Write `slot` for the first time: `[stamp, digest, values]`. A second event of that type must be equal to it."""
    said = digest(event)
    known = (image or {}).get(slot)
    if known is not None:
        if known[1] == said:
            return image
        return Rejected("already_known", f"another {slot.replace('_', ' ')} of this fact says otherwise")
    return {**(image or {}), slot: [by, said, dict(values)]}


def once_each(image: Image, slot: str, id: str, event: Any, by: Stamp, values: Mapping[str, Any]) -> Image | Rejected:
    """The same for what may happen several times under ids of its own, such as refunds."""
    inner = once((image or {}).get(slot), id, event, by, values)
    return inner if isinstance(inner, Rejected) else {**(image or {}), slot: inner}


def entries(image: Mapping[str, Any], slot: str) -> Iterator[tuple[str, Stamp, dict[str, Any]]]:
    for id, (by, _, values) in sorted((image.get(slot) or {}).items()):
        yield id, by, values
