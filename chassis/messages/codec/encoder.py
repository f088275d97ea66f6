"""Encodes events to the wire form."""
from datetime import date, datetime
from typing import Any

import msgspec

from chassis.messages.codec.introspection import is_patch, type_of
from contracts.kinds import fields_of

_DATES = (datetime, date)
_encode = msgspec.json.Encoder().encode
_encode_in_order = msgspec.json.Encoder(order="deterministic").encode


def encode_data(event: Any) -> bytes:
    """The wire form as JSON bytes."""
    return _encode(patch_fields(event) if is_patch(type_of(event)) else event)


def to_wire(event: Any) -> dict[str, Any]:
    """The wire form as JSON builtins; datetimes and dates as strings."""
    builtins: dict[str, Any] = msgspec.json.decode(encode_data(event))
    return builtins


def canonical(event: Any) -> bytes:
    """Equal bytes for events of equal content, whatever the layout of their JSON."""
    return _encode_in_order(event)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=_DATES)


def patch_fields(event: Any) -> dict[str, Any]:
    """The fields of a patch: required ones and those in `given`, nulls included."""
    given = {f.name for f in fields_of(type_of(event)) if f.default is ...}.union(event.given)
    sent = {f.name: _plain(getattr(event, f.name)) for f in fields_of(type_of(event)) if f.name in given}
    for path in event.given:
        name, dot, part = path.partition(".")
        if dot and isinstance(sent.get(name), dict):
            sent[name][part] = None
    return sent
