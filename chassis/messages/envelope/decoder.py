"""Decodes records of the log and structured events of HTTP requests."""
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import msgspec

from chassis.messages.envelope.model import (
    MAX_BYTES,
    NOT_JSON,
    REPLAY_FOR,
    WEEK,
    EnvelopeError,
    Message,
    RejectedMessage,
)
from chassis.messages.envelope.parser import parse_record, parse_structured
from chassis.messages.envelope.validation import build_message, event_type_of
from chassis.ports import Record
from chassis.ports.partitioner import partition_of
from contracts.topics import PARTITIONS, TOPICS

_STRUCTURED = ("application/cloudevents+json", "utf-8")


def decode(
    record: Record, *, effects_within: timedelta = WEEK, trusted: frozenset[str] = frozenset(),
    consumes: frozenset[str] | None = None, partitions: int | None = None,
) -> Message | RejectedMessage | None:
    """The message of a record; None for a type that is not in `consumes`. Age is measured at append time.

    `partitions`: partition count of the topic if it differs from the registry; 0 skips the check of the partition.
    """
    try:
        return _decode(record, effects_within, trusted, consumes, partitions)
    except EnvelopeError as bad:
        return bad.rejected
    except NOT_JSON as error:
        return RejectedMessage("not_json", str(error))


def _decode(
    record: Record, effects_within: timedelta, trusted: frozenset[str], consumes: frozenset[str] | None,
    partitions: int | None,
) -> Message | None:
    value = record.value
    if value is None:
        raise EnvelopeError("not_json", "the record has no value")
    if len(value) > MAX_BYTES:
        raise EnvelopeError("too_large", f"{len(value)} bytes; the limit is {MAX_BYTES}")
    headers = dict(record.headers)
    attributes, data, extensions = parse_record(headers, value)
    kind = event_type_of(attributes.get("type"))
    if kind.topic != record.topic:
        raise EnvelopeError("wrong_topic", f"{kind.name} belongs on {kind.topic}, not on {record.topic}")
    if consumes is not None and kind.name not in consumes:
        return None
    message = build_message(
        kind, attributes, extensions, data, _appended(record.timestamp_ms), effects_within, trusted, record,
        headers.get(REPLAY_FOR))
    key = message.key.encode()
    if record.key != key:
        raise EnvelopeError("key_mismatch", f"the record's key is not the {kind.key_text} of its data")
    if partitions is None:
        partitions = _partitions(record.topic)
    if partitions and record.partition != (right := partition_of(key, partitions)):
        raise EnvelopeError(
            "wrong_partition", f"murmur2 of the key is partition {right}, the record is on {record.partition}"
        )
    return message


@lru_cache(maxsize=1024)  # records appended together have one time
def _appended(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@cache
def _partitions(topic: str) -> int:
    known = TOPICS.get(topic)
    return known.partitions if known else PARTITIONS


def decode_structured(
    obj: Mapping[str, Any] | bytes, *, now: datetime, effects_within: timedelta = WEEK,
    trusted: frozenset[str] = frozenset(),
) -> Message | RejectedMessage:
    """One structured event (bytes, or JSON's builtins), with the same checks; the key is derived from its data."""
    try:
        raw = obj if isinstance(obj, bytes) else msgspec.json.encode(obj)
        if len(raw) > MAX_BYTES:
            raise EnvelopeError("too_large", f"{len(raw)} bytes; the limit is {MAX_BYTES}")
        attributes, data, extensions = parse_structured(raw, _STRUCTURED)
        kind = event_type_of(attributes.get("type"))
        return build_message(kind, attributes, extensions, data, now, effects_within, trusted, None)
    except EnvelopeError as bad:
        return bad.rejected
    except (TypeError, ValueError, RecursionError) as error:
        return RejectedMessage("not_json", str(error))
