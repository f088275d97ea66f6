"""Base of all `…Yaml` models, which define what a definition may contain, and `load`, which validates against them.

The idiom of every kind: `…Yaml` is the pydantic model of the file (JSON Schemas for editors are made from it) and
`…Definition` or a plain noun is what a compiler makes of it, a frozen value without pydantic for the pure modules.
"""
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeAliasType

from chassis.domain.definitions.documents import ValuePath
from chassis.domain.definitions.faults import FaultReporter, InvalidValue

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Version = Annotated[int, Field(ge=1)]


class Languages:
    """Makes a dict a text per language; a null counts as absent.

    `required`: languages that must have a text. `allowed`: none but these, each text of 1 to `longest` characters;
    empty: any language, any text.
    """

    def __init__(
        self, *, required: Sequence[str] = (), allowed: Sequence[str] = (), longest: int | None = None,
    ) -> None:
        self.required, self.allowed, self.longest = required, allowed, longest

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        shortest = 1 if self.allowed else None
        texts = core_schema.dict_schema(
            core_schema.str_schema(),
            core_schema.str_schema(min_length=shortest, max_length=self.longest, strict=True))
        present = core_schema.no_info_before_validator_function(_without_nulls, texts)
        return core_schema.no_info_after_validator_function(self._check, present)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema: JsonSchemaValue = {"type": "object", "description": "A text per language"}
        if not self.allowed:
            return schema | {"additionalProperties": {"type": ["string", "null"]}}
        text = {"minLength": 1, "maxLength": self.longest}
        return schema | {
            "properties": {n: {"type": "string" if n in self.required else ["string", "null"], **text}
                           for n in self.allowed},
            "required": list(self.required), "additionalProperties": False}

    def _check(self, texts: dict[str, str]) -> dict[str, str]:
        if missing := [name for name in self.required if not texts.get(name)]:
            raise InvalidValue("text_missing", "must have a text in {missing}", missing=missing)
        if self.allowed and (unknown := sorted(set(texts) - set(self.allowed))):
            raise InvalidValue("unknown_language", "language {value!r} is not supported; use one of {allowed}",
                               value=unknown[0], allowed=list(self.allowed))
        return texts


def _without_nulls(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value


Title = TypeAliasType("Title", Annotated[dict[str, str], Languages()])
"""A text per language, in whichever languages the definition offers."""
EnglishTitle = TypeAliasType("EnglishTitle", Annotated[dict[str, str], Languages(
    required=("en",), allowed=("en", "zh"), longest=500)])
BilingualTitle = TypeAliasType("BilingualTitle", Annotated[dict[str, str], Languages(
    required=("en", "zh"), allowed=("en", "zh"), longest=2000)])


class YamlModel(BaseModel):
    """A mapping in a definition: unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Model = TypeVar("Model", bound=BaseModel)
MESSAGES: Mapping[str, str] = {
    "missing": "is required",
    "literal_error": "must be one of {allowed}", "enum": "must be one of {allowed}",
    "string_type": "must be a string",
    "string_too_short": "must be a string of {min_length} characters or more",
    "string_too_long": "must be a string of at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "int_type": "must be a whole number", "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number", "float_type": "must be a number", "float_parsing": "must be a number",
    "bool_type": "must be true or false", "bool_parsing": "must be true or false",
    "list_type": "must be a list", "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values", "model_type": "must be a mapping of keys to values",
    "greater_than": "must be greater than {gt}", "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}", "less_than_equal": "must be at most {le}",
    "too_short": "must be a list of length {min_length} or more", "too_long": "must be a list of at most {max_length}",
    "date_type": "must be a date such as 2026-09-14", "date_parsing": "must be a date such as 2026-09-14",
    "date_from_datetime_parsing": "must be a date such as 2026-09-14",
}
"""English messages by pydantic's error type; a type without one keeps pydantic's own message."""


def load(report: FaultReporter, model: type[Model], *, strict: bool = False) -> Model | None:
    """The value at the reporter's path (the document, without one) as the model; reports every fault.

    None when it cannot be used even without its unknown keys. With unknown keys alone the model is returned beside the
    faults, so that the compiler finds the faults of the rest in the same run. `strict`: no conversion of "50" to 50.
    """
    body: Any = report.definition.body
    for step in report.path:
        body = body[step]
    try:
        return model.model_validate(body, strict=strict or None)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    for fault in errors:
        if fault["type"] != "too_short" or not _invalid_below(fault["loc"], errors):
            _report(report, model, body, fault)
    if any(fault["type"] != "extra_forbidden" for fault in errors):
        return None
    try:
        return model.model_validate(_without(body, [fault["loc"] for fault in errors]), strict=strict or None)
    except ValidationError:
        return None


def _invalid_below(loc: ValuePath, faults: Sequence[Any]) -> bool:
    """Whether entries of this list are invalid: pydantic does not count them, and so reports the list as too short."""
    return any(len(fault["loc"]) > len(loc) and fault["loc"][:len(loc)] == loc for fault in faults)


def _report(report: FaultReporter, model: type[BaseModel], body: Any, fault: Mapping[str, Any]) -> None:
    loc, params = fault["loc"], dict(fault.get("ctx", {}))
    path = _existing_path(body, loc)
    if fault["type"] == "missing":
        path = (*path, loc[-1])
    error = params.pop("error", None)
    if fault["type"] == "extra_forbidden":
        allowed = sorted(_keys_at(model, loc[:-1]))
        report.at(*path).add("unknown_key", "unknown key; use one of {allowed}", key=True, allowed=allowed)
    elif isinstance(error, InvalidValue):
        report.at(*path).add(error.code, _plain(str(error)), **error.params)
    else:
        if "expected" in params:
            params["allowed"] = re.findall(r"'([^']*)'", str(params["expected"])) or [params["expected"]]
        template = MESSAGES.get(fault["type"]) or _plain(str(fault["msg"]))
        report.at(*path).add(fault["type"], template, **params)


def _existing_path(body: Any, loc: ValuePath) -> ValuePath:
    """The steps that the document has: without a missing key, and without pydantic's names of a union's members."""
    path: list[str | int] = []
    for step in loc:
        in_list = isinstance(body, list) and isinstance(step, int) and step < len(body)
        if in_list or (isinstance(body, Mapping) and step in body):
            body = body[step]
            path.append(step)
    return tuple(path)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("{", "{{").replace("}", "}}")


def _without(value: Any, paths: Sequence[ValuePath]) -> Any:
    """A copy of the document without what lies at these paths."""
    heads: dict[str | int, list[ValuePath]] = {}
    for path in paths:
        heads.setdefault(path[0], []).append(path[1:])
    if isinstance(value, Mapping):
        return {k: _without(v, heads[k]) if k in heads else v for k, v in value.items() if () not in heads.get(k, ())}
    return [_without(v, heads[i]) if i in heads else v for i, v in enumerate(value)]


def _keys_at(model: Any, loc: ValuePath) -> set[str]:
    """The keys that are allowed in the mapping at this place of the model."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        if not loc:
            return set(fields)
        return _keys_at(fields.get(str(loc[0])), loc[1:])
    inner = loc[1:] if loc and get_origin(model) in (list, tuple, dict) else loc
    return {key for part in _parts(model) for key in _keys_at(part, inner)}


def _parts(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of: members of a union, entries of a list, values of a dict."""
    if isinstance(annotation, TypeAliasType):
        yield annotation.__value__
    elif get_origin(annotation) is Annotated:
        yield get_args(annotation)[0]
    elif get_origin(annotation) is dict:
        yield get_args(annotation)[1]
    elif get_origin(annotation) in (list, tuple, Union, types.UnionType):
        yield from (part for part in get_args(annotation) if part is not Ellipsis)
