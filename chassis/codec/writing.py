"""From events to the wire form."""
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import msgspec

from chassis.codec.shapes import is_patch, plan, type_of


def encode_data(event: Any) -> bytes:
    """The wire form as bytes of JSON."""
    return msgspec.json.encode(plain_event(event))


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
    said = {name: _plain(getattr(event, name)) for name in (f.name for f in fields(event)) if name in given}
    for path in event.given:
        whole, dot, part = path.partition(".")
        if dot and isinstance(said.get(whole), dict):
            said[whole][part] = None
    return said


def plain_object(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, wire, omit in plan(type_of(value)):
        held = getattr(value, name)
        if held is not None:
            made[wire] = held if type(held) in _ATOMS else _plain(held)
        elif not omit:
            made[wire] = None
    return made


_ATOMS = frozenset({str, int, float, bool})


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(held) for held in value]
    return plain_object(value) if is_dataclass(value) else value
