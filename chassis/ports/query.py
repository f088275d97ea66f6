"""What a store's queries mean: names that are allowed, conditions, order and cursors. Pure; adapters share it."""
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
    """ValueError when a name could not be a name in every store, a type is unknown, or an index names no field."""
    if not _COLLECTION.fullmatch(collection.name):
        raise ValueError(f"{collection.name!r} cannot name a collection")
    for name, kind in collection.fields.items():
        if not _FIELD.fullmatch(name):
            raise ValueError(f"{name!r} cannot name an index field: lower case letters, digits and _")
        if kind not in _TYPES:
            raise ValueError(f"index field {name!r} is {kind!r}: not one of str, int, float, bool")
    for index in collection.indexes:
        check_fields(collection.name, collection.fields, index)


def check_fields(collection: str, declared: Mapping[str, type], used: Iterable[str]) -> None:
    for name in used:
        if name not in declared:
            raise ValueError(f"{name!r} is no declared index field of {collection!r}")


def matches(value: Scalar, condition: Condition) -> bool:
    """Whether a field's value meets the condition. None lies in no range and contains no text."""
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
    """Sorts values of one field: None first."""
    return value is not None, 0 if value is None else value


def encode_cursor(order: str | None, descending: bool, value: Scalar, id: str) -> str:
    text = json.dumps([order, descending, value, id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class InvalidCursor(ValueError):
    """The cursor is none that this list gave out."""


def decode_cursor(cursor: str, order: str | None, descending: bool) -> tuple[Scalar, str]:
    """The (value, id) behind which to go on. BadCursor when the cursor is damaged or belongs to another order."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        its_order, its_direction, value, id = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidCursor("this cursor is damaged") from error
    if (its_order, its_direction) != (order, descending) or not isinstance(id, str):
        raise InvalidCursor("this cursor belongs to another order")
    if value is not None and not isinstance(value, str | int | float):
        raise InvalidCursor("this cursor is damaged")
    return value, id
