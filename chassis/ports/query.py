"""Semantics of store queries, shared by all adapters: allowed names, conditions, order, cursors. Pure."""
import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from chassis.ports import AnyOf, Between, Collection, Condition, Contains, Scalar

_COLLECTION = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}")
_FIELD = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_TYPES = (str, int, float, bool)


def check_collection(collection: Collection) -> None:
    """Raises ValueError for a name that some store rejects, an unknown type, or an index on an undeclared field."""
    if not _COLLECTION.fullmatch(collection.name):
        raise ValueError(f"collection name {collection.name!r} must match {_COLLECTION.pattern}")
    for name, kind in collection.fields.items():
        if not _FIELD.fullmatch(name):
            raise ValueError(f"index field {name!r} must consist of lower case letters, digits and _")
        if kind not in _TYPES:
            raise ValueError(f"index field {name!r} must be str, int, float or bool, not {kind!r}")
    for index in collection.indexes:
        check_fields(collection.name, collection.fields, index)


def check_fields(collection: str, declared: Mapping[str, type], used: Iterable[str]) -> None:
    for name in used:
        if name not in declared:
            raise ValueError(f"{name!r} must be a declared index field of {collection!r}")


def matches(value: Scalar, condition: Condition) -> bool:
    """Whether a field's value matches the condition. None is in no range and contains no text."""
    if isinstance(condition, Between):
        return _between(value, condition)
    if isinstance(condition, AnyOf):
        return value in condition.values
    if isinstance(condition, Contains):
        return isinstance(value, str) and condition.text.lower() in value.lower()
    return value == condition


def _between(value: Any, condition: Between) -> bool:
    low: Any = condition.low
    high: Any = condition.high
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value < high)


def sort_key(value: Scalar) -> tuple[bool, Any]:
    """Sort key for values of one field; None sorts first."""
    return value is not None, 0 if value is None else value


def encode_cursor(order: str | None, descending: bool, value: Scalar, id: str) -> str:
    text = json.dumps([order, descending, value, id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class InvalidCursor(ValueError):
    """The cursor was not issued for this list."""


def decode_cursor(cursor: str, order: str | None, descending: bool) -> tuple[Scalar, str]:
    """(value, id) of the last row of the page before. Raises InvalidCursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        its_order, its_direction, value, id = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidCursor("cursor is damaged") from error
    if (its_order, its_direction) != (order, descending) or not isinstance(id, str):
        raise InvalidCursor("cursor belongs to another order; start again without it")
    if value is not None and not isinstance(value, str | int | float):
        raise InvalidCursor("cursor is damaged")
    return value, id
