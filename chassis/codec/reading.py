"""From JSON, or the builtins that it was decoded to, to events."""
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from chassis.codec.shapes import field_names, is_patch, type_of, wire_name
from contracts.kinds import BY_NAME

T = TypeVar("T")


def class_of(what: str | type) -> type:
    """The event class of a CloudEvents type; KeyError for a type that the register does not know."""
    return what if isinstance(what, type) else BY_NAME[what].cls


def decode_data(what: str | type[T], data: bytes | str) -> Any:
    """The event that `data` says. Raises msgspec.DecodeError (not JSON) or msgspec.ValidationError (ill-typed)."""
    return reader(class_of(what))(data)


@cache
def reader(cls: type) -> Callable[[bytes | str], Any]:
    """The cached decoder of an event class."""
    wire = _wire_twin(cls)
    decode: Callable[[bytes | str], Any] = msgspec.json.Decoder(wire or cls).decode
    if wire is not None:
        names = tuple(f.name for f in fields(cls))
        return lambda data: _from_twin(cls, names, decode(data))
    if is_patch(cls):
        return lambda data: _with_given(decode(data), msgspec.json.decode(data))
    return decode


def from_dict(what: str | type[T], data: Mapping[str, Any]) -> Any:
    """As `decode_data`, from builtins that JSON was decoded to. Raises msgspec.ValidationError."""
    cls = class_of(what)
    wire = _wire_twin(cls)
    made: Any = msgspec.convert(data, wire or cls)
    if wire is not None:
        return _from_twin(cls, tuple(f.name for f in fields(cls)), made)
    return _with_given(made, data) if is_patch(cls) else made


def _with_given(event: Any, sent: Mapping[str, Any]) -> Any:
    known = field_names(type_of(event))
    given = [name for name in sent if name in known]
    for name in tuple(given):
        inner = sent[name]
        if isinstance(inner, dict) and is_dataclass(held := getattr(event, name)):
            given += [f"{name}.{part}" for part, value in inner.items()
                      if value is None and part in field_names(type_of(held))]
    return replace(event, given=tuple(given))


@cache
def _wire_twin(cls: type) -> type | None:
    """A struct with the wire's names, for a class that has to name a field otherwise than the wire does."""
    renamed = {f.name: wire_name(f.name) for f in fields(cls) if f.name.endswith("_")}
    if not renamed:
        return None
    hints = get_type_hints(cls, include_extras=True)
    shape: list[Any] = [
        (f.name, hints[f.name]) if f.default is MISSING else (f.name, hints[f.name], f.default)
        for f in fields(cls)
    ]
    return msgspec.defstruct(cls.__name__, shape, rename=renamed, kw_only=True, frozen=True)


def _from_twin(cls: type, names: tuple[str, ...], twin: Any) -> Any:
    return cls(**{name: getattr(twin, name) for name in names})
