"""One document in hand: which messages ask what of it, and what comes of them."""
from dataclasses import dataclass, field
from hashlib import sha1
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from chassis.aggregates.documents import (
    NO_FENCE_KEY,
    StoredAggregate,
    fresh,
)
from chassis.domain.decider import Command, Declined
from chassis.messages.envelope import Message
from chassis.ports import Document, Record

if TYPE_CHECKING:
    from chassis.aggregates.aggregate_store import AggregateStore

NAMESPACE = UUID("7f0b5a4e-5a55-5c8f-9b1e-6d1c7f1f3c0a")
_NAMESPACE = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
MOST_TIMERS = 1000  # of one document before one command


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """What one message asks of one document. `sequenced`: its source's sequence is a fence here."""

    message: Message
    fence_key: int
    offset: int
    commands: list[Command]
    sequenced: bool


class Cause(msgspec.Struct, frozen=True, gc=False):
    """What an output comes from: its ids take their names from it."""

    source: str
    id: str
    correlation: str
    history: bool = False  # what comes of history is history
    fence_key: int = NO_FENCE_KEY
    offset: int = -1
    published_as: str | None = None  # the id that hearers read as the cause, when it is another one


class FailedRecord(NamedTuple):
    """A record that could not be taken, and why."""

    record: Record
    code: str
    error: str


class CommandDeclined(Exception):
    """A decider answered with a dead letter."""

    def __init__(self, letter: Declined) -> None:
        super().__init__(letter.message)
        self.letter = letter


class StuckTimer(Exception):
    """`next_deadline` named the same deadline again and again: the decider did not move it on."""


@dataclass(slots=True, eq=False)
class UnitOfWork:
    """`acts` in the order in which they count; the rest is filled in by `Room.take` and `Room.apply`."""

    aggregate_store: "AggregateStore"
    key: str
    deliveries: list[Delivery] = field(default_factory=list)
    version: int = 0
    stored: StoredAggregate = field(default_factory=fresh)
    state: Any = None
    changed: bool = False
    dead: list[FailedRecord] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)  # of the last step
    fired: int = 0
    loaded: Document | None = None
    document: Document | None = None  # what is to be saved

    @property
    def path(self) -> str:
        return f"{self.aggregate_store.aggregate.name}/{self.key}"


def output_id(service: str, path: str, source: str, id: str, n: int) -> str:
    """uuid5 over the JSON array (service, aggregate/key, source, id, n)."""
    return nth_id(id_prefix(service, path, source, id), n)


def id_prefix(service: str, path: str, source: str, id: str) -> bytes:
    """What the names of all outputs of one cause begin with."""
    return _NAMESPACE + msgspec.json.encode((service, path, source, id))[:-1]


def nth_id(prefix: bytes, n: int) -> str:
    """The library's own uuid5 takes six times as long."""
    text = sha1(b"%b,%d]" % (prefix, n), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
