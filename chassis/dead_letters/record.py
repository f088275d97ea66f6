"""One dead letter: its shape, its name, and how it is read back from its topic."""
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
class Letter:
    """One dead letter: where the record lay, why it could not be taken, and what has been done about it."""

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

    def dealt(self, done: Document) -> "Letter":
        """The same, with what has been done about it."""
        status, note, _ = msgspec.msgpack.decode(done.body)
        return replace(self, status=status, note=note)

    def face(self, whole: bool = False) -> dict[str, Any]:
        """For people; `whole` with the original record."""
        headers = {k: v.decode("utf-8", "replace") for k, v in self.record.headers}
        made: dict[str, Any] = {
            "id": self.id, "service": self.service, "topic": self.topic, "partition": self.partition,
            "offset": self.offset, "appended_at": written(self.timestamp_ms), "code": self.code, "error": self.error,
            "first_failed_at": self.first_failed_at, "replays": self.replays, "status": self.status, "note": self.note,
            "version": self.version, "event_id": headers.get("ce_id"), "event_source": headers.get("ce_source"),
            "event_type": headers.get("ce_type"),
        }
        if whole:
            made |= {"key": as_text(self.record.key), "value": as_text(self.record.value), "headers": headers}
        return made


def letter_id(service: str, record: Record) -> str:
    return output_id(service, "dead-letter", record.topic, f"{record.partition}/{record.offset}", 0)


def replays_of(record: Record) -> int:
    """How often the record was replayed before."""
    for name, value in record.headers:
        if name == "dlq.replays" and value.isdigit():
            return int(value)
    return 0


def addressed(record: Record, service: str) -> bool:
    """Whether it is for this service: a replay is for one alone, all else for everybody."""
    for name, value in record.headers:
        if name == REPLAY_FOR:
            return value.startswith(service.encode() + b"/")
    return True


def opened(headers: Mapping[str, str], record: Record, done: Document | None) -> Letter:
    """`headers`: those that begin with `dlq.`, without it. `done`: what the service keeps about the letter."""
    kept = tuple((n, v) for n, v in record.headers if not n.startswith("dlq."))
    original = Record(
        headers["topic"], int(headers["partition"]), int(headers["offset"]), int(headers["timestamp"]), record.key,
        record.value, kept)
    letter = Letter(
        headers["id"], headers["service"], original.topic, original.partition, original.offset, original.timestamp_ms,
        headers["code"], headers["error"], headers.get("version", ""), headers["first_failed_at"],
        int(headers["replays"]), "open", "", original)
    return letter if done is None else letter.dealt(done)


def is_letter(headers: Mapping[str, str]) -> bool:
    """Whatever else somebody puts onto the topic is none."""
    numbers = ("partition", "offset", "timestamp", "replays")
    words = ("id", "service", "topic", "code", "error", "first_failed_at")
    return all(n in headers for n in words) and all(headers.get(n, "").isdecimal() for n in numbers)


def meets(letter: Letter, where: Mapping[str, str]) -> bool:
    """`where` asks for values of the fields of `face`, as text."""
    face = letter.face()
    return all(str(face.get(name)) == value for name, value in where.items())


def by_time(letter: Letter) -> tuple[str, str]:
    return letter.first_failed_at, letter.id


def by_place(letter: Letter) -> tuple[str, int, int]:
    """A service has one letter per place at most."""
    return letter.topic, letter.partition, letter.offset


def written(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_text(value: bytes | None) -> str | None:
    """UTF-8, else `base64:...`."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()
