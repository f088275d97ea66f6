"""What both doors ask of an event before it is a message."""
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from chassis.domain.handlers import Meta
from chassis.messages import codec
from chassis.messages.codec import Fault
from chassis.messages.envelope.model import AHEAD, NOT_JSON, Attributes, Bad, Message
from chassis.ports import Record
from contracts.kinds import BY_NAME, EVENTS, EventType

_written_as_time = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII).fullmatch
_MAX_ATTRIBUTE = 1024


def kind_of(name: Any) -> EventType:
    """The register's entry of a type."""
    kind = BY_NAME.get(name) if isinstance(name, str) else None
    if kind is not None:
        return kind
    if not name or not isinstance(name, str):
        raise Bad("not_cloudevents", "`type` is required", Fault("missing", "/type", "is required"))
    stem, _, version = name.rpartition(".v")
    known = sorted(other for other in BY_NAME if other.rpartition(".v")[0] == stem)
    if known and version.isdigit():
        text = f"{name[:200]!r} is not spoken here; {', '.join(known)} is"
        raise Bad("unknown_version", text, Fault("invalid", "/type", text))
    raise Bad("unknown_type", f"{name[:200]!r} is no type of ours", Fault("invalid", "/type", "no type of ours"))


def message_of(
    kind: EventType, attributes: Attributes, extensions: Mapping[str, str], data: bytes, now: datetime,
    effects_within: timedelta, trusted: frozenset[str], record: Record | None, replay_for: bytes | None = None,
) -> Message:
    """The checks that both doors share. `now`: when the log appended it, or when it came in."""
    if attributes.get("specversion") != "1.0":
        raise Bad("not_cloudevents", "`specversion` is not 1.0", Fault("invalid", "/specversion", "is not 1.0"))
    id, source = _attribute(attributes, "id"), _attribute(attributes, "source")
    time = _time(attributes.get("time"))
    event = _event(kind, data)
    if time > now and not kind.plan and time > now + AHEAD:
        raise Bad(
            "in_the_future", "`time` is more than 24 h ahead", Fault("in_the_future", "/time", "more than 24 h ahead"))
    if kind.cls in _SUMMED:
        _add_up(event)
    key = kind.key(event)
    if attributes.get("partitionkey", key) != key:
        text = f"`partitionkey` is not the {kind.key_text} of the data"
        raise Bad("key_mismatch", text, Fault("key_mismatch", "/partitionkey", text))
    actor = (getattr(event, "actor_id", None) or source) if source in trusted else source
    if not extensions:
        meta = Meta(id, source, kind.name, time, now, time >= now - effects_within, actor=actor)
    else:
        said = extensions.get
        backfill = said("backfill") == "true"
        meta = Meta(
            id=id, source=source, type=kind.name, time=time, appended_at=now,
            live=not backfill and time >= now - effects_within, backfill=backfill,
            day_only=said("timeprecision") == "day", sequence=_number(said("sequence")),
            correlation_id=said("correlationid"), causation_id=said("causationid"), actor=actor,
        )
    return Message(event, meta, key, digest_of(kind.name, event), record, extensions, data, replay_for)


def _number(text: str | None) -> int | None:
    """Ours are whole numbers; a stranger's sequence may be any text, which then orders nothing."""
    return int(text) if text and len(text) < 19 and text.isascii() and text.isdigit() else None


def _attribute(attributes: Attributes, name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        raise Bad("not_cloudevents", f"`{name}` is required", Fault("missing", f"/{name}", "is required, a text"))
    if len(value) > _MAX_ATTRIBUTE or not value.isprintable():
        text = f"`{name}` has characters that cannot be printed, or more than {_MAX_ATTRIBUTE}"
        raise Bad("invalid", text, Fault("invalid", f"/{name}", text))
    return value


def _time(value: Any) -> datetime:
    if value is None:
        raise Bad("invalid", "`time` is required", Fault("missing", "/time", "is required"))
    if isinstance(value, str) and _written_as_time(value):
        try:
            time = datetime.fromisoformat(value if value[-1] == "Z" else value.upper())
            return time if time.tzinfo is UTC else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise Bad("invalid", "`time` is not RFC 3339 with an offset", Fault("invalid", "/time", "RFC 3339 with an offset"))


def _event(kind: EventType, data: bytes) -> Any:
    try:
        return codec.reader(kind.cls)(data)
    except msgspec.ValidationError as error:
        raise _ill_typed(kind, data, error) from error
    except NOT_JSON as error:
        raise Bad("not_json", str(error), Fault("not_json", "/data", str(error))) from error


def _ill_typed(kind: EventType, data: bytes, error: msgspec.ValidationError) -> Bad:
    """All faults; what was read until the first of them may still turn out to be no JSON."""
    try:
        found = codec.faults_of(kind.cls, msgspec.json.decode(data)) or (codec.fault_of(error),)
    except NOT_JSON as worse:
        return Bad("not_json", str(worse), Fault("not_json", "/data", str(worse)))
    faults = tuple(Fault(f.code, f"/data{f.pointer}", f.message) for f in found)
    return Bad("invalid", "; ".join(f"{f.pointer}: {f.message}" for f in faults[:5]), *faults)


_SUMMED = frozenset(
    cls for cls, kind in EVENTS.items()
    if {"lines", "amount"} <= set(cls.__struct_fields__)
)


def _add_up(event: Any) -> None:
    """Lines, where there are any beside an amount, are of its currency and add up to it."""
    if not event.lines or event.amount is None:
        return
    whole = event.amount
    total = sum(line.amount.amount_minor for line in event.lines)
    if total != whole.amount_minor or any(line.amount.currency != whole.currency for line in event.lines):
        text = f"the lines come to {total}, the amount is {whole.amount_minor} {whole.currency}"
        raise Bad("lines_do_not_add_up", text, Fault("lines_do_not_add_up", "/data/lines", text))


def digest_of(type_name: str, event: Any) -> str:
    """16 hexadecimal digits, equal for payloads that say the same however they were laid out."""
    return blake2b(type_name.encode() + codec.canonical(event), digest_size=8).hexdigest()
