"""Cached facts about contract classes, shared by decoder and encoder."""
from functools import cache
from typing import Any

from contracts.kinds import EVENTS, fields_of


def type_of(value: Any) -> Any:
    return type(value)


@cache
def is_patch(cls: type) -> bool:
    return cls in EVENTS and EVENTS[cls].patch


@cache
def field_names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields_of(cls)) - {"given"}
