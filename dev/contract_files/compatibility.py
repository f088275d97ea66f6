"""Finds incompatible changes of a JSON Schema: whatever was allowed must stay allowed."""
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_BOUNDS = {"minimum": 1, "exclusiveMinimum": 1, "minLength": 1, "minItems": 1,
           "maximum": -1, "exclusiveMaximum": -1, "maxLength": -1, "maxItems": -1}
_DEPTH = 20


def breaking(old: Schema, new: Schema) -> list[str]:
    """Each with its place: removed and newly required fields, types, choices, patterns and bounds that are tighter.

    The key and the topic of an event are part of it. More optional fields, types or choices break nothing.
    """
    faults = [f"{keyword} was {old[keyword]!r} and is {new.get(keyword)!r}" for keyword in ("x-topic", "x-key") if
              keyword in old and old[keyword] != new.get(keyword)]
    return faults + list(_differences(old, new, old, new, "", 0))


def _differences(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str, depth: int) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    if depth > _DEPTH or not new:
        return
    if "anyOf" in old or "anyOf" in new:
        yield from _unions(old, new, old_root, new_root, at, depth)
        return
    yield from _kinds(old, new, at)
    yield from _limits(old, new, at)
    yield from _fields(old, new, old_root, new_root, at, depth)
    for keyword in ("items", "additionalProperties"):
        if isinstance(old.get(keyword), Mapping) and isinstance(new.get(keyword), Mapping):
            yield from _differences(old[keyword], new[keyword], old_root, new_root, f"{at}/*", depth + 1)
        elif isinstance(new.get(keyword), Mapping) and new[keyword] and old.get(keyword) in (None, True):
            yield f"{at or '/'}: any content was allowed and is now restricted"
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{at or '/'}: unknown fields are refused"


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        here: Any = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            here = here[step]
        schema = here
    return schema


def _unions(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str, depth: int) -> Iterator[str]:
    """Every old alternative must be compatible with one of the new alternatives."""
    arms = new.get("anyOf", [new])
    for arm in old.get("anyOf", [old]):
        tries = [list(_differences(arm, other, old_root, new_root, at, depth + 1)) for other in arms]
        if all(tries):
            yield from min(tries, key=len)


def _types(schema: Schema) -> set[str]:
    named = schema.get("type")
    if named is None:
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        return {_type_of(value) for value in values}
    types = {named} if isinstance(named, str) else set(named)
    return types | {"integer"} if "number" in types else types


def _type_of(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _kinds(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, now = _types(old), _types(new)
    if now and (not before or not before <= now):
        yield f"{at or '/'}: type was {_type_names(before)} and is {_type_names(now)}"
    choices_before, choices = _choices(old), _choices(new)
    if choices is not None and choices_before is None:
        yield f"{at or '/'}: only {choices} are allowed now"
    elif choices is not None and choices_before is not None:
        for value in choices_before:
            if value not in choices:
                yield f"{at or '/'}: {value!r} is no longer allowed"


def _type_names(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _choices(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    choices: list[Any] | None = schema.get("enum")
    return choices


def _limits(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for keyword in ("pattern", "format"):
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{at or '/'}: {keyword} was {old.get(keyword)!r} and is {new[keyword]!r}"
    for keyword, direction in _BOUNDS.items():
        if keyword in new and (keyword not in old or (new[keyword] - old[keyword]) * direction > 0):
            yield f"{at or '/'}: {keyword} was {old.get(keyword)!r} and is {new[keyword]!r}"


def _fields(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str, depth: int) -> Iterator[str]:
    before, now = old.get("properties", {}), new.get("properties", {})
    for name in before:
        if name not in now:
            yield f"{at}/{name}: was removed"
        else:
            yield from _differences(before[name], now[name], old_root, new_root, f"{at}/{name}", depth + 1)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{at}/{name}: is required now"
