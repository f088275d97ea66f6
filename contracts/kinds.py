"""Base types of events, and the registry of each event's type, topic and key.

A contract is a frozen `msgspec.Struct`, decoded and encoded in C on topics. For HTTP, `pydantic` validates it and
generates its JSON Schema through a dataclass derived from it. Both use the same annotations; a property test compares
them.
"""
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, dataclass_transform, get_type_hints

import annotated_types
import msgspec

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

ID_PATTERN = r"^[A-Za-z0-9._:-]{1,128}$"
INT64_MAX = 2**63 - 1


def _whole(pattern: str) -> msgspec.Meta:
    """Pattern for msgspec, which uses Python's `re`: there `$` also matches before a trailing newline."""
    return msgspec.Meta(pattern=pattern.removesuffix("$") + r"\Z")


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Pattern for pydantic, imported only where it is used: the import costs a second of CPU time."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        return {**handler(source), "pattern": self.pattern}


Id = Annotated[str, _whole(ID_PATTERN), _Pattern(ID_PATTERN)]
"""1 to 128 of letters, digits, dot, underscore, colon and hyphen; case-sensitive."""
Minor = Annotated[
    int, msgspec.Meta(ge=-INT64_MAX, le=INT64_MAX), annotated_types.Ge(-INT64_MAX), annotated_types.Le(INT64_MAX)]
"""An amount in the currency's minor unit (cents for EUR, whole yen for JPY)."""
Whole = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX), annotated_types.Ge(0), annotated_types.Le(INT64_MAX)]
Currency = Annotated[str, _whole("^[A-Z]{3}$"), _Pattern("^[A-Z]{3}$")]
"""ISO 4217."""
DecimalText = Annotated[
    str,
    _whole(r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"),
    _Pattern(r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"),
]


@dataclass(frozen=True)
class _ReadAs:
    """Lets msgspec parse strings: pydantic alone would also accept numbers and times without an offset."""

    kind: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def _read(self, value: Any) -> Any:
        return msgspec.convert(value, self.kind) if isinstance(value, str) else value


_Aware = Annotated[datetime, msgspec.Meta(tz=True)]
Instant = Annotated[datetime, msgspec.Meta(tz=True), annotated_types.Timezone(...), _ReadAs(_Aware)]
"""RFC 3339 with an offset."""


class _Personal:
    """Marks personal data: kept out of ids, outputs and logs, removed by an erasure."""

    def __repr__(self) -> str:
        return "PERSONAL"


PERSONAL = _Personal()
PersonalText = Annotated[str, PERSONAL]


# --- contract base class ---------------------------------------------------------------------------------------------


class _ContractMeta(msgspec.StructMeta):
    """Common encoding of contracts: optional fields that are None are omitted, all others are always written."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_config: bool) -> Any:
        for own in namespace.get("__annotations__", {}):
            if namespace.get(own) is not None:  # msgspec omits fields equal to a plain default
                namespace[own] = msgspec.field(default_factory=partial(_same, namespace[own]))
        return super().__new__(
            mcls, name, bases, namespace, frozen=True, kw_only=True, gc=False, omit_defaults=True, rename=wire_name)


def _same(value: Any) -> Any:
    return value


def wire_name(name: str) -> str:
    """Removes the trailing `_` of field names that are Python keywords."""
    return name.rstrip("_")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Contract(msgspec.Struct, metaclass=_ContractMeta, frozen=True, kw_only=True):
    """Base of events and of their parts."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(_from_dataclass(cls), handler(validated_as(cls)))


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field of a contract; `default` is `...` for a required field."""

    name: str
    wire: str
    hint: Any
    default: Any


@cache
def fields_of(cls: Any) -> tuple[FieldType, ...]:
    """The fields of a contract, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        FieldType(f.name, f.encode_name, hints[f.name],
                  ... if f.required else None if f.default is None else f.default_factory())
        for f in msgspec.structs.fields(cls))


@cache
def validated_as(cls: type) -> type:
    """The dataclass that pydantic validates the contract with."""
    from pydantic import Field

    hints = [f.hint if f.wire == f.name else Annotated[f.hint, Field(alias=f.wire)] for f in fields_of(cls)]
    parts = [
        (f.name, hint) if f.default is ... else (f.name, hint, field(default=f.default))
        for f, hint in zip(fields_of(cls), hints, strict=True)]
    made = make_dataclass(cls.__name__, parts, frozen=True, slots=True, kw_only=True)
    made.__module__, made.__doc__ = cls.__module__, cls.__doc__
    return made


def _from_dataclass(cls: type) -> Callable[[Any], Any]:
    names = [f.name for f in fields_of(cls)]
    return lambda held: cls(**{name: getattr(held, name) for name in names})


# --- shared parts of events ------------------------------------------------------------------------------------------


class Money(Contract):
    """An integer of minor units and its ISO 4217 currency."""

    amount_minor: Minor
    currency: Currency


SubjectKind = Literal["lead", "opportunity", "customer"]


class Subject(Contract):
    """What an activity or a signal is about; its key on the topic is `kind:id`."""

    kind: SubjectKind
    id: Id


class Line(Contract):
    """One line of an order or a deal. `quantity` is a decimal string; `amount` is the line's whole, not the unit's."""

    product_id: Id
    amount: Money
    category: str | None = None
    quantity: DecimalText | None = None


class Contact(Contract):
    """A person to talk to at a lead or a customer."""

    contact_id: Id | None = None
    name: PersonalText | None = None
    email: PersonalText | None = None
    phone: PersonalText | None = None
    company: str | None = None
    language: str | None = None
    role: str | None = None


Attribute = str | int | float | bool | None
Attributes = Mapping[str, Attribute]


class Dimensions(Contract):
    """The dimensions that an event of a fact may carry, so that what hears it can count it without asking."""

    business_line: Id | None = None
    region: str | None = None
    team: str | None = None
    rep_id: Id | None = None
    customer_id: Id | None = None
    product_id: Id | None = None
    campaign_id: Id | None = None
    dimensions: Mapping[str, str] | None = None
    external_ids: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """Registry entry of one event class."""

    cls: type[Contract]
    name: str  # the CloudEvents type: crm.<noun>.<past_participle>.v<major>
    topic: str
    key: Callable[[Any], str]
    key_text: str  # description of the key: "lead_id", "subject kind:id"
    patch: bool  # RFC 7396: only the fields named in `given` were sent; null removes
    plan: bool  # its time may be in the future
    reserved: bool = False  # declared for a later release; nothing publishes it yet


EVENTS: dict[type[Any], EventType] = {}
BY_NAME: dict[str, EventType] = {}

T = TypeVar("T", bound=Contract)


def event(
    name: str, topic: str, key: str | Callable[[Any], str], *, key_text: str = "", patch: bool = False,
    plan: bool = False, reserved: bool = False,
) -> Callable[[type[T]], type[T]]:
    """Registers the class under its CloudEvents type. `reserved`: no service of this release publishes it."""
    if not re.fullmatch(r"crm\.[a-z_.]+\.v[0-9]+", name):
        raise ValueError(f"event type {name!r} must match crm.<noun>.<past_participle>.v<major>")

    def register(cls: type[T]) -> type[T]:
        if patch and "given" not in cls.__struct_fields__:
            raise TypeError(f"{cls.__name__} is a patch and needs the field `given: tuple[str, ...] = ()`")
        by: Callable[[Any], str] = key if callable(key) else attrgetter(key)
        text = key_text or (key if isinstance(key, str) else "")
        EVENTS[cls] = BY_NAME[name] = EventType(cls, name, topic, by, text, patch, plan, reserved)
        return cls

    return register


def subject_key(event: Any) -> str:
    return f"{event.subject.kind}:{event.subject.id}"


def type_of(event: object) -> EventType:
    """The register's entry of an event's class; KeyError for what is no published event."""
    return EVENTS[type(event)]


Day = Annotated[date, _ReadAs(date)]
