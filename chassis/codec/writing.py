"""From events to the wire form."""
from dataclasses import MISSING, fields
from typing import Any

import msgspec

from chassis.codec.plain import plain, plain_object
from chassis.codec.shapes import is_patch, type_of
from chassis.codec.twins import writer

_encode = msgspec.json.Encoder().encode


def encode_data(event: Any) -> bytes:
    """The wire form as bytes of JSON."""
    cls = type_of(event)
    return _encode(plain_event(event) if is_patch(cls) else writer(cls)(event))


def data_of(event: Any) -> dict[str, Any]:
    """The wire form as builtins that JSON knows; instants and days as texts."""
    made: dict[str, Any] = msgspec.to_builtins(plain_event(event))
    return made


def canonical(event: Any) -> bytes:
    """One and the same bytes for events that say the same, however their JSON was laid out."""
    return msgspec.json.encode(event, order="deterministic")


def plain_event(event: Any) -> dict[str, Any]:
    if not is_patch(type_of(event)):
        return plain_object(event)
    required = {f.name for f in fields(event) if f.default is MISSING}
    given = required.union(event.given)
    said = {name: plain(getattr(event, name)) for name in (f.name for f in fields(event)) if name in given}
    for path in event.given:
        whole, dot, part = path.partition(".")
        if dot and isinstance(said.get(whole), dict):
            said[whole][part] = None
    return said
