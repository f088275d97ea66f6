"""Structs with the names of the wire, which msgspec writes without what is None: no dict is built on the way."""
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from chassis.codec.plain import plain
from chassis.codec.shapes import plan

Write = Callable[[Any], Any]
_ATOMS = frozenset({str, int, float, bool, bytes, datetime, date, type(None)})


@cache
def writer(cls: type) -> Write:
    """Makes the struct that says what an object of this dataclass says."""
    hints = get_type_hints(cls, include_extras=True)
    scope: dict[str, Any] = {}
    said = []
    for name, _, _ in plan(cls):
        how = _how(hints[name])
        if how is None:
            said.append(f"{name}=it.{name}")
        else:
            scope[f"w_{name}"] = how
            said.append(f"{name}=None if (held := it.{name}) is None else w_{name}(held)")
    scope["twin"] = _twin(cls)
    exec(f"def write(it):\n    return twin({', '.join(said)})", scope)  # the names are those of fields
    made: Write = scope["write"]
    return made


def _twin(cls: type) -> type:
    """Only what may be left out has a default; everything else is always written."""
    shape: list[Any] = [(name, Any, None) if omit else (name, Any) for name, _, omit in plan(cls)]
    renamed = {name: wire for name, wire, _ in plan(cls) if name != wire}
    return msgspec.defstruct(
        cls.__name__, shape, rename=renamed or None, kw_only=True, frozen=True, omit_defaults=True, gc=False)


def _how(hint: Any) -> Write | None:
    """None: the value is written as it is."""
    hint = _bare(hint)
    if get_origin(hint) in (Union, UnionType):
        rest = [_bare(arm) for arm in get_args(hint) if arm is not type(None)]
        if len(rest) == 1:
            return _how(rest[0])
        return None if all(arm in _ATOMS for arm in rest) else plain
    if hint in _ATOMS or get_origin(hint) is Literal:
        return None
    if isinstance(hint, type) and is_dataclass(hint):
        return writer(hint)
    if get_origin(hint) is tuple and len(get_args(hint)) == 2 and get_args(hint)[1] is Ellipsis:
        each = _how(get_args(hint)[0])
        return None if each is None else lambda some: [each(one) for one in some]
    return None if all(_bare(part) in _ATOMS for part in get_args(hint)) and get_args(hint) else plain


def _bare(hint: Any) -> Any:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint
