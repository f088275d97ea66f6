"""Encodes events as binary-mode records and as structured objects."""
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from chassis.messages import codec
from chassis.messages.envelope.model import CORE, JSON, Message, extension_text
from chassis.ports import Headers, Outgoing
from contracts.kinds import EVENTS, EventType


def encode(
    event: Any, *, id: str, source: str, time: datetime, key: str | None = None,
    extensions: Mapping[str, Any] | None = None, topic: str | None = None, data: bytes | None = None,
) -> Outgoing:
    """A binary-mode record. Key and topic come from the registry unless given; extensions that are None are left out.

    `data`: the payload as sent, so that unknown fields survive when an event is passed on.
    """
    kind = EVENTS[type(event)]
    key_bytes = (kind.key(event) if key is None else key).encode()
    headers = [
        *_type_headers(kind.name), ("ce_id", id.encode()), ("ce_source", source.encode()),
        ("ce_time", _time_bytes(time)), ("ce_partitionkey", key_bytes),
    ]
    if extensions:
        for name, value in extensions.items():
            if value is not None and name not in CORE:
                headers.append((_header(name), (value if type(value) is str else extension_text(value)).encode()))
    return Outgoing(topic or kind.topic, key_bytes, codec.encode_data(event) if data is None else data, tuple(headers))


class HeaderFrame(NamedTuple):
    """The headers that all events of one cause share; completed per event by `encode_with_frame`."""

    key: bytes
    middle: Headers
    end: Headers


def header_frame(
    source: str, time: datetime, key: str, *, causation: str, correlation: str, backfill: bool,
) -> HeaderFrame:
    key_bytes = key.encode()
    end = [("ce_causationid", causation.encode()), ("ce_correlationid", correlation.encode())]
    if backfill:
        end.append(("ce_backfill", b"true"))
    middle = (("ce_source", source.encode()), ("ce_time", _time_bytes(time)), ("ce_partitionkey", key_bytes))
    return HeaderFrame(key_bytes, middle, tuple(end))


def encode_with_frame(event: Any, kind: EventType, id: str, sequence: int, frame: HeaderFrame) -> tuple[bytes, Headers]:
    """Value and headers of one event of a frame: the same bytes as `encode`, at less cost per event."""
    return codec.encode_data(event), (
        *_type_headers(kind.name), ("ce_id", id.encode()), *frame.middle, ("ce_sequence", b"%d" % sequence), *frame.end)


def forward(message: Message) -> Outgoing:
    """The record that passes a message on as sent, with unknown fields and extensions."""
    meta = message.meta
    return encode(
        message.event, id=meta.id, source=meta.source, time=meta.time, extensions=message.extensions,
        data=message.data or None,
    )


def to_structured(
    event: Any, *, id: str, source: str, time: datetime, extensions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The structured form as builtins: for webhooks, feeds and samples."""
    kind = EVENTS[type(event)]
    structured: dict[str, Any] = {
        "specversion": "1.0", "type": kind.name, "id": id, "source": source, "time": format_time(time),
        "datacontenttype": "application/json", "partitionkey": kind.key(event),
    }
    for name, value in (extensions or {}).items():
        if value is not None and name not in CORE:
            structured[name] = value if isinstance(value, bool) else extension_text(value)
    return structured | {"data": codec.to_wire(event)}


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC, with microseconds only when there are some. ValueError for a time without an offset."""
    if time.tzinfo is None:
        raise ValueError("the time needs a UTC offset")
    return (time if time.tzinfo is UTC else time.astimezone(UTC)).isoformat()[:-6] + "Z"


@lru_cache(maxsize=1024)  # the events of one command have one time
def _time_bytes(time: datetime) -> bytes:
    return format_time(time).encode()


@lru_cache(maxsize=1024)
def _type_headers(name: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that are the same for every event of a type."""
    return ("content-type", JSON), ("ce_specversion", b"1.0"), ("ce_type", name.encode())


@lru_cache(maxsize=1024)
def _header(extension: str) -> str:
    return f"ce_{extension}"
