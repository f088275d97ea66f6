"""Unit of work: the messages for one aggregate document within a batch, and everything they change."""
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from chassis.aggregates.documents import NO_FENCE_KEY, StoredAggregate, empty_aggregate
from chassis.domain.decider import Command, Declined
from chassis.messages.envelope import Message
from chassis.ports import Document, Record

NAMESPACE = UUID("7f0b5a4e-5a55-5c8f-9b1e-6d1c7f1f3c0a")
_NAMESPACE = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
MAX_DEADLINES = 1000  # of one document before one command


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """The commands of one message for one document. `sequenced`: the sequence of its source is a fence."""

    message: Message
    fence_key: int
    offset: int
    commands: list[Command]
    sequenced: bool


class Cause(msgspec.Struct, frozen=True, gc=False):
    """What an event is a consequence of: the ids of events are derived from it."""

    source: str
    id: str
    correlation: str
    history: bool = False  # consequences of history are history
    fence_key: int = NO_FENCE_KEY
    offset: int = -1
    published_as: str | None = None  # causation id for consumers, when it is not `id`


class FailedRecord(NamedTuple):
    """A record that cannot be processed, with its dead letter's code and text."""

    record: Record
    code: str
    error: str


class CommandDeclined(Exception):
    """A decider returned `Declined`."""

    def __init__(self, reason: Declined) -> None:
        super().__init__(reason.message)
        self.reason = reason


class StuckDeadline(Exception):
    """`next_deadline` returned a past deadline again and again: the decider does not move it on."""


@dataclass(slots=True, eq=False)
class UnitOfWork:
    """`deliveries` in the order in which they are applied; `AggregateStore` fills in the other fields."""

    aggregate: str
    key: str
    deliveries: list[Delivery] = field(default_factory=list)
    version: int = 0
    stored: StoredAggregate = field(default_factory=empty_aggregate)
    state: Any = None
    changed: bool = False
    failed: list[FailedRecord] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)  # of the last decision
    fired_deadlines: int = 0
    loaded: Document | None = None
    document: Document | None = None  # to be saved

    @property
    def path(self) -> str:
        return f"{self.aggregate}/{self.key}"


def output_id(service: str, path: str, source: str, id: str, n: int) -> str:
    """Id of the nth event of a cause: uuid5 over the JSON array (service, aggregate/key, source, id, n)."""
    return nth_output_id(output_id_prefix(service, path, source, id), n)


def output_id_prefix(service: str, path: str, source: str, id: str) -> bytes:
    """The bytes with which the names of all events of one cause begin."""
    return _NAMESPACE + msgspec.json.encode((service, path, source, id))[:-1]


def nth_output_id(prefix: bytes, n: int) -> str:
    """Written out, because `uuid.uuid5` takes six times as long."""
    text = sha1(b"%b,%d]" % (prefix, n), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
