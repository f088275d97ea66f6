"""Checks that every event passes before it becomes a message, from the log and over HTTP alike."""
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from chassis.domain.handlers import Meta
from chassis.messages import codec
from chassis.messages.codec import FieldError
from chassis.messages.envelope.model import AHEAD, NOT_JSON, Attributes, EnvelopeError, Message
from chassis.ports import Record
from contracts.kinds import BY_NAME, EVENTS, EventType

_written_as_time = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII).fullmatch
_MAX_ATTRIBUTE = 1024


def event_type_of(name: Any) -> EventType:
    """The register's entry of a type."""
    kind = BY_NAME.get(name) if isinstance(name, str) else None
    if kind is not None:
        return kind
    if not name or not isinstance(name, str):
        raise EnvelopeError("not_cloudevents", "`type` is required", FieldError("missing", "/type", "is required"))
    stem, _, version = name.rpartition(".v")
    known = sorted(other for other in BY_NAME if other.rpartition(".v")[0] == stem)
    if known and version.isdigit():
        text = f"event type {name[:200]!r} is not supported; use {', '.join(known)}"
        raise EnvelopeError("unknown_version", text, FieldError("invalid", "/type", text))
    raise EnvelopeError(
        "unknown_type", f"unknown event type {name[:200]!r}", FieldError("invalid", "/type", "unknown event type")
    )


def build_message(
    kind: EventType, attributes: Attributes, extensions: Mapping[str, str], data: bytes, now: datetime,
    effects_within: timedelta, trusted: frozenset[str], record: Record | None, replay_for: bytes | None = None,
) -> Message:
    """The validated message. `now`: append time of the record, or arrival time of the request."""
    if attributes.get("specversion") != "1.0":
        raise EnvelopeError(
            "not_cloudevents", "`specversion` is not 1.0", FieldError("invalid", "/specversion", "is not 1.0")
        )
    id, source = _attribute(attributes, "id"), _attribute(attributes, "source")
    time = _time(attributes.get("time"))
    event = _event(kind, data)
    if time > now and not kind.plan and time > now + AHEAD:
        raise EnvelopeError(
            "in_the_future",
            "`time` is more than 24 h ahead",
            FieldError("in_the_future", "/time", "more than 24 h ahead"),
        )
    if kind.cls in _SUMMED:
        _check_sum(event)
    key = kind.key(event)
    if attributes.get("partitionkey", key) != key:
        text = f"`partitionkey` is not the {kind.key_text} of the data"
        raise EnvelopeError("key_mismatch", text, FieldError("key_mismatch", "/partitionkey", text))
    actor = (getattr(event, "actor_id", None) or source) if source in trusted else source
    if not extensions:
        meta = Meta(id, source, kind.name, time, now, time >= now - effects_within, actor=actor)
    else:
        extension = extensions.get
        backfill = extension("backfill") == "true"
        meta = Meta(
            id=id, source=source, type=kind.name, time=time, appended_at=now,
            live=not backfill and time >= now - effects_within, backfill=backfill,
            day_only=extension("timeprecision") == "day", sequence=_number(extension("sequence")),
            correlation_id=extension("correlationid"), causation_id=extension("causationid"), actor=actor,
        )
    return Message(event, meta, key, content_digest(kind.name, event), record, extensions, data, replay_for)


def _number(text: str | None) -> int | None:
    """Sequences of this system are whole numbers; those of other sources may be any text and are ignored."""
    return int(text) if text and len(text) < 19 and text.isascii() and text.isdigit() else None


def _attribute(attributes: Attributes, name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        raise EnvelopeError(
            "not_cloudevents", f"`{name}` is required", FieldError("missing", f"/{name}", "is required, a text")
        )
    if len(value) > _MAX_ATTRIBUTE or not value.isprintable():
        text = f"`{name}` has characters that cannot be printed, or more than {_MAX_ATTRIBUTE}"
        raise EnvelopeError("invalid", text, FieldError("invalid", f"/{name}", text))
    return value


def _time(value: Any) -> datetime:
    if value is None:
        raise EnvelopeError("invalid", "`time` is required", FieldError("missing", "/time", "is required"))
    if isinstance(value, str) and _written_as_time(value):
        try:
            time = datetime.fromisoformat(value if value[-1] == "Z" else value.upper())
            return time if time.tzinfo is UTC else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise EnvelopeError(
        "invalid", "`time` is not RFC 3339 with an offset", FieldError("invalid", "/time", "RFC 3339 with an offset")
    )


def _event(kind: EventType, data: bytes) -> Any:
    try:
        return codec.decoder_for(kind.cls)(data)
    except msgspec.ValidationError as error:
        raise _type_errors(kind, data, error) from error
    except NOT_JSON as error:
        raise EnvelopeError("not_json", str(error), FieldError("not_json", "/data", str(error))) from error


def _type_errors(kind: EventType, data: bytes, error: msgspec.ValidationError) -> EnvelopeError:
    """All errors; msgspec stops at the first one, so the rest of the data may not even be JSON."""
    try:
        errors = codec.validation_errors(kind.cls, msgspec.json.decode(data)) or (codec.error_from_msgspec(error),)
    except NOT_JSON as not_json:
        return EnvelopeError("not_json", str(not_json), FieldError("not_json", "/data", str(not_json)))
    faults = tuple(FieldError(f.code, f"/data{f.pointer}", f.message) for f in errors)
    return EnvelopeError("invalid", "; ".join(f"{f.pointer}: {f.message}" for f in faults[:5]), *faults)


_SUMMED = frozenset(
    cls for cls, kind in EVENTS.items()
    if {"lines", "amount"} <= set(cls.__struct_fields__)
)


def _check_sum(event: Any) -> None:
    """Lines beside an amount must have its currency and add up to it."""
    if not event.lines or event.amount is None:
        return
    amount = event.amount
    total = sum(line.amount.amount_minor for line in event.lines)
    if total != amount.amount_minor or any(line.amount.currency != amount.currency for line in event.lines):
        text = f"the lines come to {total}, the amount is {amount.amount_minor} {amount.currency}"
        raise EnvelopeError("lines_do_not_add_up", text, FieldError("lines_do_not_add_up", "/data/lines", text))


def content_digest(type_name: str, event: Any) -> str:
    """16 hexadecimal digits, equal for payloads of equal content whatever their layout."""
    return blake2b(type_name.encode() + codec.canonical(event), digest_size=8).hexdigest()
