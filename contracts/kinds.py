"""The small types every event is made of, and the register that knows each event's type, topic and key.

A contract is a frozen dataclass. `msgspec` decodes it on topics, `pydantic` validates it at the HTTP doors and writes
its JSON Schema; both read the same annotations, and a property test keeps them in step.
"""
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform

import annotated_types
import msgspec
import pydantic

ID_PATTERN = r"^[A-Za-z0-9._:-]{1,128}$"
INT64_MAX = 2**63 - 1


def _whole(pattern: str) -> msgspec.Meta:
    """For msgspec, which uses Python's `re`: its `$` lets a line end pass, pydantic's and JSON Schema's do not."""
    return msgspec.Meta(pattern=pattern.removesuffix("$") + r"\Z")


Id = Annotated[str, _whole(ID_PATTERN), pydantic.StringConstraints(pattern=ID_PATTERN)]
"""1 to 128 of letters, digits, dot, underscore, colon and hyphen; case-sensitive."""
Minor = Annotated[int, msgspec.Meta(ge=-INT64_MAX, le=INT64_MAX), pydantic.Field(ge=-INT64_MAX, le=INT64_MAX)]
"""An amount in the currency's minor unit (cents for EUR, whole yen for JPY)."""
Whole = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX), pydantic.Field(ge=0, le=INT64_MAX)]
Currency = Annotated[str, _whole("^[A-Z]{3}$"), pydantic.StringConstraints(pattern="^[A-Z]{3}$")]
"""ISO 4217."""
DecimalText = Annotated[
    str,
    _whole(r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"),
    pydantic.StringConstraints(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"),
]


def _read_as(kind: Any) -> pydantic.BeforeValidator:
    """Has msgspec read a text: pydantic alone would also take numbers, times without offset and further spellings."""

    def read(value: Any) -> Any:
        return msgspec.convert(value, kind) if isinstance(value, str) else value

    return pydantic.BeforeValidator(read)


_Aware = Annotated[datetime, msgspec.Meta(tz=True)]
Instant = Annotated[datetime, msgspec.Meta(tz=True), annotated_types.Timezone(...), _read_as(_Aware)]
"""RFC 3339 with an offset."""


class _Personal:
    """Marks a field that says who a person is: kept out of ids, outputs and logs, removed by an erasure."""

    def __repr__(self) -> str:
        return "PERSONAL"


PERSONAL = _Personal()
PersonalText = Annotated[str, PERSONAL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An integer of minor units and its ISO 4217 currency."""

    amount_minor: Minor
    currency: Currency


SubjectKind = Literal["lead", "opportunity", "customer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an activity or a signal is about; its key on the topic is `kind:id`."""

    kind: SubjectKind
    id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order or a deal. `quantity` is a decimal string; `amount` is the line's whole, not the unit's."""

    product_id: Id
    amount: Money
    category: str | None = None
    quantity: DecimalText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
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
    """What the register knows of one event class."""

    cls: type
    name: str  # the CloudEvents type: crm.<noun>.<past_participle>.v<major>
    topic: str
    key: Callable[[Any], str]
    key_text: str  # how the key is made, for people: "lead_id", "subject kind:id"
    patch: bool  # RFC 7396: only the fields named in `given` were sent; null removes
    plan: bool  # may lie in the future


EVENTS: dict[type, EventType] = {}
BY_NAME: dict[str, EventType] = {}

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    name: str, topic: str, key: str | Callable[[Any], str], *, key_text: str = "", patch: bool = False,
    plan: bool = False,
) -> Callable[[type[T]], type[T]]:
    """Make the class a frozen dataclass and enter it in the register under its CloudEvents type."""
    if not re.fullmatch(r"crm\.[a-z_.]+\.v[0-9]+", name):
        raise ValueError(f"{name!r} is no event type: crm.<noun>.<past_participle>.v<major>")

    def enter(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        if patch and "given" not in {f.name for f in fields(made)}:  # type: ignore[arg-type]
            raise TypeError(f"{cls.__name__} merges, so it needs `given: tuple[str, ...] = ()`")
        by: Callable[[Any], str] = key if callable(key) else _attribute(key)
        text = key_text or (key if isinstance(key, str) else "")
        EVENTS[made] = BY_NAME[name] = EventType(made, name, topic, by, text, patch, plan)
        return made

    return enter


def _attribute(name: str) -> Callable[[Any], str]:
    def read(event: Any) -> str:
        value: str = getattr(event, name)
        return value

    return read


def subject_key(event: Any) -> str:
    return f"{event.subject.kind}:{event.subject.id}"


def type_of(event: object) -> EventType:
    """The register's entry of an event's class; KeyError for what is no published event."""
    return EVENTS[type(event)]


Day = Annotated[date, _read_as(date)]
