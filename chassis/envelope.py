"""CloudEvents 1.0 over the log and the HTTP door: both content modes are read, binary is written.

Nothing here raises for what a stranger sent: the answer is a `Message`, `Rejected` with a stable code, or None for a
known type that the reader does not hear. Codes: too_large, not_json, not_cloudevents, invalid, unknown_type,
unknown_version, wrong_topic, key_mismatch, wrong_partition, in_the_future, lines_do_not_add_up.
"""
import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from chassis import codec
from chassis.codec import Fault
from chassis.handlers import Meta
from chassis.partitioner import partition_of
from chassis.ports import Outgoing, Record
from contracts.kinds import BY_NAME, EVENTS, EventType
from contracts.topics import PARTITIONS, TOPICS

MAX_BYTES = 256 * 1024
AHEAD = timedelta(hours=24)
WEEK = timedelta(days=7)
JSON = b"application/json"
STRUCTURED = "application/cloudevents+json; charset=utf-8"

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXTENSION = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
_CORE = frozenset({"specversion", "id", "source", "type", "time", "partitionkey", "datacontenttype", "dataschema"})
_BODY = _CORE | {"data", "data_base64"}
_HEADERS = {f"ce_{name}": name for name in _CORE}
_MAX_ATTRIBUTE = 1024


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a record cannot be taken: a stable code, words for people, and for the HTTP door where the faults are."""

    code: str
    message: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it arrived. `digest` is equal for payloads that say the same; `data` is the payload as sent."""

    event: Any
    meta: Meta
    key: str
    digest: str
    record: Record | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""


class _Bad(Exception):
    """Ends the reading of one record."""

    def __init__(self, code: str, message: str, *faults: Fault) -> None:
        super().__init__(message)
        self.rejected = Rejected(code, message, faults)


# --- writing ---------------------------------------------------------------------------------------------------------


def encode(
    event: Any, *, id: str, source: str, time: datetime, key: str | None = None,
    extensions: Mapping[str, Any] | None = None, topic: str | None = None, data: bytes | None = None,
) -> Outgoing:
    """A binary-mode record. Key and topic come from the register unless given; extensions that are None are left out.

    `data`: the payload as it was sent, when an event is passed on and fields we do not know must survive.
    """
    kind = EVENTS[type(event)]
    by = (kind.key(event) if key is None else key).encode()
    headers = [
        ("content-type", JSON), ("ce_specversion", b"1.0"), ("ce_type", _type_bytes(kind.name)), ("ce_id", id.encode()),
        ("ce_source", source.encode()), ("ce_time", written_time(time).encode()), ("ce_partitionkey", by),
    ]
    for name, value in (extensions or {}).items():
        if value is not None and name not in _CORE:
            headers.append((f"ce_{name}", _extension_text(value).encode()))
    return Outgoing(topic or kind.topic, by, codec.encode_data(event) if data is None else data, tuple(headers))


def forward(message: Message) -> Outgoing:
    """The record that passes a message on as it was sent, fields and extensions that we do not know included."""
    meta = message.meta
    return encode(
        message.event, id=meta.id, source=meta.source, time=meta.time, extensions=message.extensions,
        data=message.data or None,
    )


def structured(
    event: Any, *, id: str, source: str, time: datetime, extensions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The structured form as builtins: for webhooks, feeds and samples."""
    kind = EVENTS[type(event)]
    made: dict[str, Any] = {
        "specversion": "1.0", "type": kind.name, "id": id, "source": source, "time": written_time(time),
        "datacontenttype": "application/json", "partitionkey": kind.key(event),
    }
    for name, value in (extensions or {}).items():
        if value is not None and name not in _CORE:
            made[name] = value if isinstance(value, bool) else _extension_text(value)
    return made | {"data": codec.data_of(event)}


def written_time(time: datetime) -> str:
    """RFC 3339 in UTC, with microseconds only when there are some. ValueError for a time without an offset."""
    if time.tzinfo is None:
        raise ValueError("a time without an offset says nothing")
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _extension_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@lru_cache(maxsize=1024)
def _type_bytes(name: str) -> bytes:
    return name.encode()


# --- reading from the log --------------------------------------------------------------------------------------------


def decode(
    record: Record, *, effects_within: timedelta = WEEK, trusted: frozenset[str] = frozenset(),
    hears: frozenset[str] | None = None, partitions: int | None = None,
) -> Message | Rejected | None:
    """What a record says. None: a type that `hears` leaves out. Ages are told by when the log appended it.

    `partitions`: how many the topic has, when not as the register says; 0 leaves the record's place unchecked.
    """
    try:
        return _decode(record, effects_within, trusted, hears, partitions)
    except _Bad as bad:
        return bad.rejected
    except _NOT_JSON as error:
        return Rejected("not_json", str(error))


def _decode(
    record: Record, effects_within: timedelta, trusted: frozenset[str], hears: frozenset[str] | None,
    partitions: int | None,
) -> Message | None:
    value = record.value
    if value is None:
        raise _Bad("not_json", "the record has no value")
    if len(value) > MAX_BYTES:
        raise _Bad("too_large", f"{len(value)} bytes; the limit is {MAX_BYTES}")
    headers = dict(record.headers)
    content = _content_type(headers.get("content-type", JSON))
    if content[0].startswith("application/cloudevents"):
        attributes, data, extensions = _structured(value, content)
    else:
        attributes, data, extensions = _binary(headers, value, content)
    kind = _kind(attributes.get("type"))
    if kind.topic != record.topic:
        raise _Bad("wrong_topic", f"{kind.name} belongs on {kind.topic}, not on {record.topic}")
    if hears is not None and kind.name not in hears:
        return None
    appended = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    message = _message(kind, attributes, extensions, data, appended, effects_within, trusted, record)
    key = message.key.encode()
    if record.key != key:
        raise _Bad("key_mismatch", f"the record's key is not the {kind.key_text} of its data")
    if partitions is None:
        topic = TOPICS.get(record.topic)
        partitions = topic.partitions if topic else PARTITIONS
    if partitions and record.partition != (right := partition_of(key, partitions)):
        raise _Bad("wrong_partition", f"murmur2 of the key is partition {right}, the record is on {record.partition}")
    return message


Attributes = Mapping[str, Any]


@lru_cache(maxsize=256)
def _content_type(value: bytes) -> tuple[str, str]:
    """(media type, charset), both in lower case."""
    kind, *parameters = value.decode("utf-8", "replace").lower().split(";")
    for parameter in parameters:
        name, _, charset = parameter.strip().partition("=")
        if name.strip() == "charset":
            return kind.strip(), charset.strip().strip('"')
    return kind.strip(), "utf-8"


def _text(value: bytes, charset: str) -> bytes:
    """The same JSON in UTF-8."""
    if charset in ("utf-8", "utf8", "us-ascii"):
        return value
    try:
        return value.decode(charset).encode()
    except (LookupError, UnicodeError) as error:
        raise _Bad("not_json", f"is not {charset[:40]!r} text") from error


def _binary(headers: Mapping[str, bytes], value: bytes, content: tuple[str, str]) -> tuple[Attributes, bytes, Any]:
    if "ce_specversion" not in headers:
        raise _Bad("not_cloudevents", "neither a `ce_specversion` header nor a structured content type")
    if content[0] != "application/json" and not content[0].endswith("+json"):
        raise _Bad("not_json", f"the content type is {content[0][:80]!r}")
    found, extensions = {}, {}
    try:
        for name, held in headers.items():
            if (core := _HEADERS.get(name)) is not None:
                found[core] = held.decode()
            elif name[:3] == "ce_":
                extensions[name[3:]] = held.decode()
    except (UnicodeError, AttributeError) as error:
        raise _Bad("not_cloudevents", "an attribute is not UTF-8 text") from error
    return found, _text(value, content[1]), extensions


def _structured(value: bytes, content: tuple[str, str]) -> tuple[Attributes, bytes, Any]:
    if content[0] != "application/cloudevents+json":
        raise _Bad("not_cloudevents", f"the content type {content[0][:80]!r} is not read here")
    try:
        body = _ENVELOPE.decode(_text(value, content[1]))
    except msgspec.ValidationError as error:
        raise _Bad("not_cloudevents", "a structured event is one JSON object") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise _Bad("not_json", str(error)) from error
    return _opened(body)


_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _opened(body: Mapping[str, msgspec.Raw]) -> tuple[Attributes, bytes, Any]:
    """Attributes, the bytes of the data and extensions of a structured event."""
    found = {name: msgspec.json.decode(raw) for name, raw in body.items() if name not in ("data", "data_base64")}
    return found, _payload(body), _extensions_of(found)


def _extensions_of(found: Mapping[str, Any]) -> dict[str, str]:
    extensions = {}
    for name, value in found.items():
        if name in _BODY or value is None:
            continue
        if isinstance(value, (dict, list, float)) or not _EXTENSION.fullmatch(name):
            text = f"{name[:64]!r} is no extension"
            raise _Bad("not_cloudevents", text, Fault("invalid", f"/{name}", text))
        extensions[name] = _extension_text(value)
    return extensions


def _payload(body: Mapping[str, msgspec.Raw]) -> bytes:
    if "data" in body and "data_base64" in body:
        raise _Bad("not_cloudevents", "`data` and `data_base64` exclude each other", Fault("invalid", "/data", "twice"))
    if "data_base64" in body:
        try:
            return base64.b64decode(msgspec.json.decode(body["data_base64"], type=str), validate=True)
        except (binascii.Error, ValueError) as error:
            fault = Fault("invalid", "/data_base64", "is not base64")
            raise _Bad("not_cloudevents", "`data_base64` is not base64", fault) from error
    if "data" not in body:
        raise _Bad("invalid", "`data` is required", Fault("missing", "/data", "is required"))
    return bytes(body["data"])


def _kind(name: Any) -> EventType:
    """The register's entry of a type."""
    kind = BY_NAME.get(name) if isinstance(name, str) else None
    if kind is not None:
        return kind
    if not name or not isinstance(name, str):
        raise _Bad("not_cloudevents", "`type` is required", Fault("missing", "/type", "is required"))
    stem, _, version = name.rpartition(".v")
    known = sorted(other for other in BY_NAME if other.rpartition(".v")[0] == stem)
    if known and version.isdigit():
        text = f"{name[:200]!r} is not spoken here; {', '.join(known)} is"
        raise _Bad("unknown_version", text, Fault("invalid", "/type", text))
    raise _Bad("unknown_type", f"{name[:200]!r} is no type of ours", Fault("invalid", "/type", "no type of ours"))


def _message(
    kind: EventType, attributes: Attributes, extensions: Mapping[str, str], data: bytes, now: datetime,
    effects_within: timedelta, trusted: frozenset[str], record: Record | None,
) -> Message:
    """The checks that both doors share. `now`: when the log appended it, or when it came in."""
    if attributes.get("specversion") != "1.0":
        raise _Bad("not_cloudevents", "`specversion` is not 1.0", Fault("invalid", "/specversion", "is not 1.0"))
    id, source = _attribute(attributes, "id"), _attribute(attributes, "source")
    time = _time(attributes.get("time"))
    event = _event(kind, data)
    if not kind.plan and time > now + AHEAD:
        raise _Bad(
            "in_the_future", "`time` is more than 24 h ahead", Fault("in_the_future", "/time", "more than 24 h ahead"))
    if kind.cls in _SUMMED:
        _add_up(event)
    key = kind.key(event)
    if attributes.get("partitionkey", key) != key:
        text = f"`partitionkey` is not the {kind.key_text} of the data"
        raise _Bad("key_mismatch", text, Fault("key_mismatch", "/partitionkey", text))
    backfill = extensions.get("backfill") == "true"
    meta = Meta(
        id=id, source=source, type=kind.name, time=time, appended_at=now,
        live=not backfill and time >= now - effects_within, backfill=backfill,
        day_only=extensions.get("timeprecision") == "day",
        sequence=_number(extensions.get("sequence")),
        correlation_id=extensions.get("correlationid"), causation_id=extensions.get("causationid"),
        actor=(getattr(event, "actor_id", None) or source) if source in trusted else source,
    )
    return Message(event, meta, key, digest_of(kind.name, event), record, extensions, data)


def _number(text: str | None) -> int | None:
    """Ours are whole numbers; a stranger's sequence may be any text, which then orders nothing."""
    return int(text) if text and len(text) < 19 and text.isascii() and text.isdigit() else None


def _attribute(attributes: Attributes, name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        raise _Bad("not_cloudevents", f"`{name}` is required", Fault("missing", f"/{name}", "is required, a text"))
    if len(value) > _MAX_ATTRIBUTE or _CONTROL.search(value):
        text = f"`{name}` has control characters, or more than {_MAX_ATTRIBUTE} characters"
        raise _Bad("invalid", text, Fault("invalid", f"/{name}", text))
    return value


def _time(value: Any) -> datetime:
    if value is None:
        raise _Bad("invalid", "`time` is required", Fault("missing", "/time", "is required"))
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _Bad("invalid", "`time` is not RFC 3339 with an offset", Fault("invalid", "/time", "RFC 3339 with an offset"))


def _event(kind: EventType, data: bytes) -> Any:
    try:
        return codec.reader(kind.cls)(data)
    except msgspec.ValidationError as error:
        raise _ill_typed(kind, data, error) from error
    except _NOT_JSON as error:
        raise _Bad("not_json", str(error), Fault("not_json", "/data", str(error))) from error


_NOT_JSON = (msgspec.DecodeError, RecursionError, UnicodeError)


def _ill_typed(kind: EventType, data: bytes, error: msgspec.ValidationError) -> _Bad:
    """All faults; what was read until the first of them may still turn out to be no JSON."""
    try:
        found = codec.faults_of(kind.cls, msgspec.json.decode(data)) or (codec.fault_of(error),)
    except _NOT_JSON as worse:
        return _Bad("not_json", str(worse), Fault("not_json", "/data", str(worse)))
    faults = tuple(Fault(f.code, f"/data{f.pointer}", f.message) for f in found)
    return _Bad("invalid", "; ".join(f"{f.pointer}: {f.message}" for f in faults[:5]), *faults)


_SUMMED = frozenset(
    cls for cls, kind in EVENTS.items()
    if {"lines", "amount"} <= set(cls.__dataclass_fields__)  # type: ignore[attr-defined]
)


def _add_up(event: Any) -> None:
    """Lines, where there are any beside an amount, are of its currency and add up to it."""
    if not event.lines or event.amount is None:
        return
    whole = event.amount
    total = sum(line.amount.amount_minor for line in event.lines)
    if total != whole.amount_minor or any(line.amount.currency != whole.currency for line in event.lines):
        text = f"the lines come to {total}, the amount is {whole.amount_minor} {whole.currency}"
        raise _Bad("lines_do_not_add_up", text, Fault("lines_do_not_add_up", "/data/lines", text))


def digest_of(type_name: str, event: Any) -> str:
    """16 hexadecimal digits, equal for payloads that say the same however they were laid out."""
    return blake2b(codec.canonical(event), digest_size=8, key=_type_bytes(type_name)[:64]).hexdigest()


# --- reading at the HTTP door ----------------------------------------------------------------------------------------


def decode_structured(
    obj: Mapping[str, Any] | bytes, *, now: datetime, effects_within: timedelta = WEEK,
    trusted: frozenset[str] = frozenset(),
) -> Message | Rejected:
    """One structured event (bytes, or JSON's builtins), with the same checks; the key is derived from its data."""
    try:
        raw = obj if isinstance(obj, bytes) else msgspec.json.encode(obj)
        if len(raw) > MAX_BYTES:
            raise _Bad("too_large", f"{len(raw)} bytes; the limit is {MAX_BYTES}")
        attributes, data, extensions = _structured(raw, ("application/cloudevents+json", "utf-8"))
        kind = _kind(attributes.get("type"))
        return _message(kind, attributes, extensions, data, now, effects_within, trusted, None)
    except _Bad as bad:
        return bad.rejected
    except (TypeError, ValueError, RecursionError) as error:
        return Rejected("not_json", str(error))
