"""Decodes events from JSON or from the builtins that JSON decodes to."""
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from chassis.messages.codec.introspection import field_names, is_patch, type_of
from contracts.kinds import BY_NAME, Contract

T = TypeVar("T")


def event_class(what: str | type) -> type:
    """The event class of a CloudEvents type. Raises KeyError for an unregistered type."""
    return what if isinstance(what, type) else BY_NAME[what].cls


def decode_data(what: str | type[T], data: bytes | str) -> Any:
    """The event encoded in `data`. Raises msgspec.DecodeError (not JSON) or msgspec.ValidationError (ill-typed)."""
    return decoder_for(event_class(what))(data)


@cache
def decoder_for(cls: type) -> Callable[[bytes | str], Any]:
    """The cached decoder of an event class."""
    if is_patch(cls):
        decode: Callable[[bytes | str], Any] = msgspec.json.Decoder(cls).decode
        return lambda data: _with_given(decode(data), msgspec.json.decode(data))
    return msgspec.json.Decoder(cls).decode


def from_builtins(what: str | type[T], data: Mapping[str, Any]) -> Any:
    """Like `decode_data`, from the builtins that JSON decodes to. Raises msgspec.ValidationError."""
    cls = event_class(what)
    if is_patch(cls):
        return _with_given(msgspec.convert(data, cls), data)
    return msgspec.convert(data, cls)


def _with_given(event: Any, sent: Mapping[str, Any]) -> Any:
    known = field_names(type_of(event))
    given = [name for name in sent if name in known]
    for name in tuple(given):
        inner = sent[name]
        if isinstance(inner, dict) and isinstance(inner_value := getattr(event, name), Contract):
            given += [f"{name}.{part}" for part, value in inner.items()
                      if value is None and part in field_names(type_of(inner_value))]
    return msgspec.structs.replace(event, given=tuple(given))
