"""What reading and writing both know of a class."""
from dataclasses import fields
from functools import cache
from typing import Any

from contracts.kinds import EVENTS


def type_of(value: Any) -> Any:
    return type(value)


@cache
def is_patch(cls: type) -> bool:
    return cls in EVENTS and EVENTS[cls].patch


@cache
def field_names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls)) - {"given"}


def wire_name(name: str) -> str:
    return name.rstrip("_")


@cache
def plan(cls: type) -> tuple[tuple[str, str, bool], ...]:
    """(attribute, name on the wire, may be left out when None)."""
    return tuple((f.name, wire_name(f.name), f.default is None) for f in fields(cls))
