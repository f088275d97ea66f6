"""From events to the wire form."""
from datetime import date, datetime
from typing import Any

import msgspec

from chassis.messages.codec.introspection import is_patch, type_of
from contracts.kinds import fields_of

_DATES = (datetime, date)
_encode = msgspec.json.Encoder().encode
_encode_in_order = msgspec.json.Encoder(order="deterministic").encode


def encode_data(event: Any) -> bytes:
    """The wire form as bytes of JSON."""
    return _encode(plain_patch(event) if is_patch(type_of(event)) else event)


def data_of(event: Any) -> dict[str, Any]:
    """The wire form as builtins that JSON knows; instants and days as texts."""
    made: dict[str, Any] = msgspec.json.decode(encode_data(event))
    return made


def canonical(event: Any) -> bytes:
    """One and the same bytes for events that say the same, however their JSON was laid out."""
    return _encode_in_order(event)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=_DATES)


def plain_patch(event: Any) -> dict[str, Any]:
    """What a patch says: what it must say, and what is `given`, nulls too."""
    given = {f.name for f in fields_of(type_of(event)) if f.default is ...}.union(event.given)
    said = {f.name: _plain(getattr(event, f.name)) for f in fields_of(type_of(event)) if f.name in given}
    for path in event.given:
        name, dot, part = path.partition(".")
        if dot and isinstance(said.get(name), dict):
            said[name][part] = None
    return said
