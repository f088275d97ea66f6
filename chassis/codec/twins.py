"""Structs with the names of the wire, which msgspec reads and writes several times as fast as dataclasses.

Reading: msgspec makes the struct, its values are put into the slots of the event. Writing: a struct leaves out what is
None, so that no dict is built on the way.
"""
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
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


@cache
def read_as(cls: type) -> tuple[type, Write]:
    """What msgspec is to read instead of this dataclass, and the way back from that to the dataclass."""
    hints = get_type_hints(cls, include_extras=True)
    scope: dict[str, Any] = {"make": object.__new__, "cls": cls}
    shape: list[Any] = []
    lines = []
    for f in fields(cls):
        hint, back = _read_hint(hints[f.name])
        shape.append((f.name, hint) if f.default is MISSING else (f.name, hint, f.default))
        scope[f"put_{f.name}"] = getattr(cls, f.name).__set__  # of the slot: past the guard of what is frozen
        value = f"it.{f.name}"
        if back is not None:
            scope[f"back_{f.name}"] = back
            value = f"None if (held := it.{f.name}) is None else back_{f.name}(held)"
        lines.append(f"    put_{f.name}(made, {value})")
    code = "\n".join(["def read(it):", "    made = make(cls)", *lines, "    return made"])
    exec(code, scope)  # the names are those of fields
    renamed = {name: wire for name, wire, _ in plan(cls) if name != wire}
    twin = msgspec.defstruct(cls.__name__, shape, rename=renamed or None, kw_only=True, frozen=True, gc=False)
    return twin, scope["read"]


def _read_hint(hint: Any) -> tuple[Any, Write | None]:
    """A dataclass of the contracts, alone or beside None, is read as its twin; everything else as it is."""
    if isinstance(hint, type) and is_dataclass(hint):
        return read_as(hint)
    arms = get_args(hint) if get_origin(hint) in (Union, UnionType) else ()
    if len(arms) == 2 and type(None) in arms:
        (one,) = [arm for arm in arms if arm is not type(None)]
        if isinstance(one, type) and is_dataclass(one):
            twin, back = read_as(one)
            return twin | None, back
    return hint, None


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
