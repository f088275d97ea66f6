"""Where a person waits: pydantic tells every fault at once, and writes the schemas."""
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar

import msgspec
import pydantic

from chassis.messages.codec.decoder import from_dict
from chassis.messages.codec.errors import Fault, Invalid
from chassis.messages.codec.introspection import is_patch

T = TypeVar("T")


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
    if isinstance(obj, Mapping) and "given" in obj and is_patch(cls):
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
