"""Events to and from JSON: msgspec on the topics, pydantic where a person waits for every fault at once.

The wire form: snake_case; optional fields that are None are left out; `given` is never written. A patch (RFC 7396)
writes what is named in `given`, nulls too, and reading fills `given` with the fields that were sent. A null inside an
object of a patch (`contact: {email: null}`) is named with a dot: `contact.email`. A field that ends in `_` because
Python keeps the word for itself stands without it on the wire (`from_` is `from`).
"""
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec
import pydantic

from contracts.kinds import BY_NAME, EVENTS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent; `pointer` (RFC 6901) says where in it."""

    code: str  # missing, unknown_field, invalid
    pointer: str
    message: str


class Invalid(ValueError):
    """What was sent is no such event; `faults` says everything that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{f.pointer or '/'}: {f.message}" for f in faults))
        self.faults = faults


def class_of(what: str | type) -> type:
    """The event class of a CloudEvents type; KeyError for a type that the register does not know."""
    return what if isinstance(what, type) else BY_NAME[what].cls


# --- reading ---------------------------------------------------------------------------------------------------------


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
    if _is_patch(cls):
        return lambda data: _with_given(decode(data), msgspec.json.decode(data))
    return decode


def from_dict(what: str | type[T], data: Mapping[str, Any]) -> Any:
    """As `decode_data`, from builtins that JSON was decoded to. Raises msgspec.ValidationError."""
    cls = class_of(what)
    wire = _wire_twin(cls)
    made: Any = msgspec.convert(data, wire or cls)
    if wire is not None:
        return _from_twin(cls, tuple(f.name for f in fields(cls)), made)
    return _with_given(made, data) if _is_patch(cls) else made


def _with_given(event: Any, sent: Mapping[str, Any]) -> Any:
    known = _field_names(_type(event))
    given = [name for name in sent if name in known]
    for name in tuple(given):
        inner = sent[name]
        if isinstance(inner, dict) and is_dataclass(held := getattr(event, name)):
            given += [f"{name}.{part}" for part, value in inner.items()
                      if value is None and part in _field_names(_type(held))]
    return replace(event, given=tuple(given))


def _type(value: Any) -> Any:
    return type(value)


@cache
def _is_patch(cls: type) -> bool:
    return cls in EVENTS and EVENTS[cls].patch


@cache
def _field_names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls)) - {"given"}


@cache
def _wire_twin(cls: type) -> type | None:
    """A struct with the wire's names, for a class that has to name a field otherwise than the wire does."""
    renamed = {f.name: _wire_name(f.name) for f in fields(cls) if f.name.endswith("_")}
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


def _wire_name(name: str) -> str:
    return name.rstrip("_")


# --- writing ---------------------------------------------------------------------------------------------------------


def encode_data(event: Any) -> bytes:
    """The wire form as bytes of JSON."""
    return msgspec.json.encode(_plain_event(event))


def data_of(event: Any) -> dict[str, Any]:
    """The wire form as builtins that JSON knows; instants and days as texts."""
    made: dict[str, Any] = msgspec.to_builtins(_plain_event(event))
    return made


def canonical(event: Any) -> bytes:
    """One and the same bytes for events that say the same, however their JSON was laid out."""
    return msgspec.json.encode(event, order="deterministic")


def _plain_event(event: Any) -> dict[str, Any]:
    if not _is_patch(_type(event)):
        return _plain_object(event)
    required = {f.name for f in fields(event) if f.default is MISSING}
    given = required.union(event.given)
    said = {name: _plain(getattr(event, name)) for name in (f.name for f in fields(event)) if name in given}
    for path in event.given:
        whole, dot, part = path.partition(".")
        if dot and isinstance(said.get(whole), dict):
            said[whole][part] = None
    return said


def _plain_object(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, wire, omit in _plan(_type(value)):
        held = getattr(value, name)
        if held is not None:
            made[wire] = held if type(held) in _ATOMS else _plain(held)
        elif not omit:
            made[wire] = None
    return made


_ATOMS = frozenset({str, int, float, bool})


@cache
def _plan(cls: type) -> tuple[tuple[str, str, bool], ...]:
    """(attribute, name on the wire, may be left out when None)."""
    return tuple((f.name, _wire_name(f.name), f.default is None) for f in fields(cls))


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(held) for held in value]
    return _plain_object(value) if is_dataclass(value) else value


# --- merging (RFC 7396) ----------------------------------------------------------------------------------------------


def merge(old: Any, patch: Any) -> Any:
    """`old` (a mapping of wire names, or a dataclass) after the patch: null removes, objects merge, the rest replaces.

    A mapping gives a new dict of builtins; a dataclass a new one of its class (a removed field becomes None). Fields
    of the patch that a dataclass does not have are ignored.
    """
    sent = _plain_event(patch)
    if isinstance(old, Mapping):
        return merge_json(old, msgspec.to_builtins(sent))
    known = {f.name for f in fields(old)}
    before = {name: value for name, value in _plain_object(old).items() if name in sent and name in known}
    after = merge_json(before, {name: value for name, value in sent.items() if name in known})
    hints = get_type_hints(type(old), include_extras=True)
    changed = {
        name: msgspec.convert(msgspec.to_builtins(after.get(name)), hints[name]) for name in sent if name in known
    }
    return replace(old, **changed)


def merge_json(old: Any, patch: Any) -> Any:
    """RFC 7396 over builtins; neither argument is changed."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merge_json(made.get(name), value)
    return made


# --- where a person waits --------------------------------------------------------------------------------------------


@cache
def adapter(cls: type) -> pydantic.TypeAdapter[Any]:
    """pydantic's reading of the same class."""
    return pydantic.TypeAdapter(cls)


def validate_rest(cls: type[T], obj: Any) -> T:
    """The event of a body's builtins, unknown fields refused. Raises Invalid with every fault and where it is."""
    faults = faults_of(cls, obj, unknown="forbid")
    if faults:
        raise Invalid(faults)
    try:
        made: T = from_dict(cls, obj)
    except msgspec.ValidationError as error:
        raise Invalid((fault_of(error),)) from error
    return made


def faults_of(cls: type, obj: Any, *, unknown: Literal["forbid", "ignore"] = "ignore") -> tuple[Fault, ...]:
    """Everything that keeps `obj` (builtins of JSON) from being such an event; empty: nothing does."""
    own: tuple[Fault, ...] = ()
    if isinstance(obj, Mapping) and "given" in obj and _is_patch(cls):
        obj = {name: value for name, value in obj.items() if name != "given"}
        own = (Fault("unknown_field", "/given", "there is no such field"),) if unknown == "forbid" else ()
    try:
        text = msgspec.json.encode(obj)
        adapter(cls).validate_json(text, strict=True, extra=unknown, by_alias=True)
    except pydantic.ValidationError as error:
        seen: dict[str, Fault] = {}
        for entry in error.errors(include_url=False, include_input=False, include_context=False):
            fault = _fault(entry["type"], _pointer(entry["loc"], obj), entry["msg"])
            seen.setdefault(fault.pointer, fault)
        own += tuple(seen.values())
    except (TypeError, ValueError) as error:
        own += (Fault("invalid", "", str(error)),)
    return own


def _fault(kind: str, pointer: str, message: str) -> Fault:
    if kind == "missing":
        return Fault("missing", pointer, "is required")
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return Fault("unknown_field", pointer, "there is no such field")
    return Fault("invalid", pointer, message)


def _pointer(loc: tuple[int | str, ...], obj: Any) -> str:
    """The path as far as it lies in `obj`: what pydantic adds for the arms of a union is no part of the document."""
    made, here = [], obj
    for at, part in enumerate(loc):
        if isinstance(here, Mapping):
            if part not in here and at < len(loc) - 1:
                continue
            here = here.get(part)
        elif isinstance(here, (list, tuple)) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        made.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in made)


def fault_of(error: msgspec.ValidationError) -> Fault:
    """The one fault that msgspec names: `... - at `$.lines[0].amount``."""
    text, _, path = str(error).partition(" - at `$")
    pointer = path.rstrip("`").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")
    if text.startswith("Object missing required field `"):
        return Fault("missing", f"{pointer}/{text.split('`')[1]}", "is required")
    return Fault("invalid", pointer, text)


def json_schema(cls: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's data: names as on the wire, unknown fields allowed."""
    schema = adapter(cls).json_schema(mode="validation", by_alias=True)
    schema["properties"].pop("given", None)
    for name, inner in schema.get("$defs", {}).items():
        schema["$defs"][name] = without_made_up_text(inner)
    return without_made_up_text(schema)


def without_made_up_text(schema: dict[str, Any]) -> dict[str, Any]:
    """Without titles that repeat a field's name, and the docstring that dataclasses make up."""
    made = dict(schema)
    if str(made.get("description", "")).startswith(f"{made.get('title')}("):
        del made["description"]
    if "properties" in made:
        made["properties"] = {
            name: {word: said for word, said in inner.items() if word != "title"}
            for name, inner in made["properties"].items()
        }
    return made


__all__ = (
    "Fault", "Invalid", "adapter", "canonical", "class_of", "data_of", "decode_data", "encode_data", "fault_of",
    "faults_of", "from_dict", "json_schema", "merge", "merge_json", "reader", "validate_rest",
    "without_made_up_text",
)
