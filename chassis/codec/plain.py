"""Builtins of objects of the contracts, by their names on the wire."""
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from chassis.codec.shapes import plan, type_of


def plain_object(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, wire, omit in plan(type_of(value)):
        held = getattr(value, name)
        if held is not None:
            made[wire] = held if type(held) in _ATOMS else plain(held)
        elif not omit:
            made[wire] = None
    return made


_ATOMS = frozenset({str, int, float, bool})


def plain(value: Any) -> Any:
    """Builtins, whatever classes of the contracts lie in it."""
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, Mapping):
        return {name: plain(held) for name, held in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(held) for held in value]
    return plain_object(value) if is_dataclass(value) else value
