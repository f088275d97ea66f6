"""A dead letter: its fields, its deterministic id, and how it is parsed from its topic."""
import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from chassis.aggregates.unit_of_work import output_id
from chassis.messages.envelope import REPLAY_FOR
from chassis.ports import Document, Record


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """One dead letter: position of the record, why it failed, and its status."""

    id: str
    service: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    code: str
    error: str
    version: str
    first_failed_at: str
    replays: int
    status: str  # open, replaying, replayed, discarded
    note: str
    record: Record  # the original

    def with_status(self, stored: Document) -> "DeadLetterRecord":
        """The same dead letter with the stored status and note."""
        status, note, _ = msgspec.msgpack.decode(stored.body)
        return replace(self, status=status, note=note)

    def to_json(self, whole: bool = False) -> dict[str, Any]:
        """As JSON for clients; `whole` includes the original record."""
        headers = {k: v.decode("utf-8", "replace") for k, v in self.record.headers}
        body: dict[str, Any] = {
            "id": self.id,
            "service": self.service,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "appended_at": format_timestamp(self.timestamp_ms),
            "code": self.code,
            "error": self.error,
            "first_failed_at": self.first_failed_at,
            "replays": self.replays,
            "status": self.status,
            "note": self.note,
            "version": self.version,
            "event_id": headers.get("ce_id"),
            "event_source": headers.get("ce_source"),
            "event_type": headers.get("ce_type"),
        }
        if whole:
            body |= {"key": as_text(self.record.key), "value": as_text(self.record.value), "headers": headers}
        return body


def dead_letter_id(service: str, record: Record) -> str:
    return output_id(service, "dead-letter", record.topic, f"{record.partition}/{record.offset}", 0)


def replay_count(record: Record) -> int:
    """How often the record has been replayed."""
    for name, value in record.headers:
        if name == "dlq.replays" and value.isdigit():
            return int(value)
    return 0


def is_addressed_to(record: Record, service: str) -> bool:
    """Whether the service processes the record: a replay is addressed to one service, other records to all."""
    for name, value in record.headers:
        if name == REPLAY_FOR:
            return value.startswith(service.encode() + b"/")
    return True


def parse_dead_letter(headers: Mapping[str, str], record: Record, stored: Document | None) -> DeadLetterRecord:
    """`headers`: the `dlq.` headers without that prefix. `done`: the stored status document, if any."""
    original_headers = tuple((n, v) for n, v in record.headers if not n.startswith("dlq."))
    original = Record(
        headers["topic"], int(headers["partition"]), int(headers["offset"]), int(headers["timestamp"]), record.key,
        record.value, original_headers)
    letter = DeadLetterRecord(
        headers["id"], headers["service"], original.topic, original.partition, original.offset, original.timestamp_ms,
        headers["code"], headers["error"], headers.get("version", ""), headers["first_failed_at"],
        int(headers["replays"]), "open", "", original)
    return letter if stored is None else letter.with_status(stored)


def is_dead_letter(headers: Mapping[str, str]) -> bool:
    """Whether the headers are those of a dead letter; other records on the topic are ignored."""
    numbers = ("partition", "offset", "timestamp", "replays")
    words = ("id", "service", "topic", "code", "error", "first_failed_at")
    return all(n in headers for n in words) and all(headers.get(n, "").isdecimal() for n in numbers)


def matches(letter: DeadLetterRecord, where: Mapping[str, str]) -> bool:
    """Whether the fields of `to_json` have these values, compared as text."""
    fields = letter.to_json()
    return all(str(fields.get(name)) == value for name, value in where.items())


def by_time(letter: DeadLetterRecord) -> tuple[str, str]:
    return letter.first_failed_at, letter.id


def by_position(letter: DeadLetterRecord) -> tuple[str, int, int]:
    """Sort key by position in the log: a service has at most one dead letter per position."""
    return letter.topic, letter.partition, letter.offset


def format_timestamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_text(value: bytes | None) -> str | None:
    """UTF-8, else `base64:...`."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()
