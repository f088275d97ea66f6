"""Validation with pydantic: every error at once, and the JSON Schemas.

pydantic is imported when it is first needed, so that deciders and projections, which use the codec, start without it.
"""
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from chassis.messages.codec.decoder import from_builtins
from chassis.messages.codec.errors import FieldError, InvalidData
from chassis.messages.codec.introspection import is_patch

if TYPE_CHECKING:
    import pydantic

T = TypeVar("T")


@cache
def type_adapter(cls: type) -> "pydantic.TypeAdapter[Any]":
    """The pydantic adapter of a contract class."""
    import pydantic

    return pydantic.TypeAdapter(cls)


def validate_rest(cls: type[T], obj: Any) -> T:
    """The event of a request body's builtins; unknown fields are refused. Raises InvalidData with every error."""
    faults = validation_errors(cls, obj, unknown="forbid")
    if faults:
        raise InvalidData(faults)
    try:
        event: T = from_builtins(cls, obj)
    except msgspec.ValidationError as error:
        raise InvalidData((error_from_msgspec(error),)) from error
    return event


def validation_errors(
    cls: type, obj: Any, *, unknown: Literal["forbid", "ignore"] = "ignore"
) -> tuple[FieldError, ...]:
    """All errors of `obj` (JSON builtins) against the event's contract; empty when it is valid."""
    import pydantic

    own: tuple[FieldError, ...] = ()
    if isinstance(obj, Mapping) and "given" in obj and is_patch(cls):
        obj = {name: value for name, value in obj.items() if name != "given"}
        own = (FieldError("unknown_field", "/given", "unknown field"),) if unknown == "forbid" else ()
    try:
        text = msgspec.json.encode(obj)
        type_adapter(cls).validate_json(text, strict=True, extra=unknown, by_alias=True)
    except pydantic.ValidationError as error:
        seen: dict[str, FieldError] = {}
        for entry in error.errors(include_url=False, include_input=False, include_context=False):
            fault = _field_error(entry["type"], _pointer(entry["loc"], obj), entry["msg"])
            seen.setdefault(fault.pointer, fault)
        own += tuple(seen.values())
    except (TypeError, ValueError) as error:
        own += (FieldError("invalid", "", str(error)),)
    return own


def _field_error(kind: str, pointer: str, message: str) -> FieldError:
    if kind == "missing":
        return FieldError("missing", pointer, "is required")
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return FieldError("unknown_field", pointer, "unknown field")
    return FieldError("invalid", pointer, message)


def _pointer(loc: tuple[int | str, ...], obj: Any) -> str:
    """JSON pointer of `loc` as far as it exists in `obj`; what pydantic adds for union members is left out."""
    steps, value = [], obj
    for at, part in enumerate(loc):
        if isinstance(value, Mapping):
            if part not in value and at < len(loc) - 1:
                continue
            value = value.get(part)
        elif isinstance(value, (list, tuple)) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        steps.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in steps)


def error_from_msgspec(error: msgspec.ValidationError) -> FieldError:
    """The error of a msgspec message such as `... - at `$.lines[0].amount``."""
    text, _, path = str(error).partition(" - at `$")
    pointer = path.rstrip("`").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")
    if text.startswith("Object missing required field `"):
        return FieldError("missing", f"{pointer}/{text.split('`')[1]}", "is required")
    return FieldError("invalid", pointer, text)


def json_schema(cls: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's data: wire names, unknown fields allowed."""
    schema = type_adapter(cls).json_schema(mode="validation", by_alias=True)
    schema["properties"].pop("given", None)
    for name, inner in schema.get("$defs", {}).items():
        schema["$defs"][name] = strip_generated_text(inner)
    return strip_generated_text(schema)


def strip_generated_text(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes titles that repeat a field's name and the docstring that dataclasses generate."""
    stripped = dict(schema)
    if str(stripped.get("description", "")).startswith(f"{stripped.get('title')}("):
        del stripped["description"]
    if "properties" in stripped:
        stripped["properties"] = {
            name: {key: value for key, value in inner.items() if key != "title"}
            for name, inner in stripped["properties"].items()
        }
    return stripped
