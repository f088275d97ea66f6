"""The two ports of the house, and the values that pass through them. Adapters: memory, sqlite, kafka, mongo.

A `Bus` is a partitioned log: what was published stays in order per key, at-least-once for every reader. A `Store`
keeps documents: one document is one atomic unit, written by compare-and-set. Nothing here promises more, so nothing
above may lean on more (no transaction over two documents, none over store and log).
"""
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Many
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import msgspec

Scalar = str | int | float | bool | None
Headers = tuple[tuple[str, bytes], ...]


class StoreUnavailable(Exception):
    """The store did not answer, or answered that it cannot. What was asked may or may not have happened."""


class BusUnavailable(Exception):
    """The log did not answer, or answered that it cannot. What was asked may or may not have happened."""


class PartitionLost(Exception):
    """These partitions belong to another member now: its commit counts, ours is refused."""


class UnsafeSetting(ValueError):
    """Log or store are set so that what they acknowledged may be lost or move; names the setting and its mend."""


class GroupInUse(Exception):
    """A group that has members cannot be forgotten."""


class LogRecreated(Exception):
    """The log is shorter than, or another than, what was read from it before: going on would skip events unseen."""


def other_count(topic: str, standing: int, wanted: int) -> UnsafeSetting:
    """Keys live on a partition by its number: with another count they move, and with them go order and fences."""
    return UnsafeSetting(
        f"topic {topic!r} has {standing} partitions, not {wanted}: their number is frozen, since with another one keys "
        "move away from what is known of them. Make the topic anew with that number, or use one of another name.")


# --- the log ---------------------------------------------------------------------------------------------------------


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as the log holds it, nothing decoded yet, so reading it cannot fail."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int  # when the log appended it
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def place(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record to be appended. The partition is murmur2(key) over the topic's partitions, unless it is named."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


Moved = Callable[[frozenset[TopicPartition]], Awaitable[None]]


class Consumer(Protocol):
    """One member of a group. Partition i of all its topics is always served by the same member."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Leave the group at once, so that others need not wait for a time-out."""
        ...

    async def poll(self, max_records: int, timeout: float) -> Mapping[TopicPartition, Sequence[Record]]:
        """At most `max_records`, waiting at most `timeout` seconds for the first; only of partitions held now.

        The position moves on; only `commit` makes it last, only `seek` takes it back. `on_revoked` is awaited before
        a partition is given up, `on_assigned` before the first record of it is handed out.
        """
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The next offset to read of each named partition. Raises PartitionLost when one is no longer ours."""
        ...

    def seek(self, place: TopicPartition, offset: int) -> None: ...

    def assignment(self) -> frozenset[TopicPartition]: ...

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Records not yet handed out by `poll`, per partition held."""
        ...


class Bus(Protocol):
    @property
    def given_up(self) -> int:
        """Connections for publishing that stuck or failed, and were replaced."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        """Create what is missing with so many partitions. UnsafeSetting when one stands with another number, or so
        that it may lose what it acknowledged."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Append all, in order per partition, and return when all are acknowledged; else raise BusUnavailable."""
        ...

    def consumer(
        self, group: str, topics: Sequence[str], *, on_assigned: Moved | None = None, on_revoked: Moved | None = None,
    ) -> Consumer:
        """A new member of the group; a group without a committed offset starts at the beginning of the log."""
        ...

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        """Records from `offset` on, without a group; empty beyond the end."""
        ...

    async def read_each(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Record]:
        """The one record at each of these offsets; those that are not there (any more) are left out."""
        ...

    def tail(self, topics: Sequence[str], start: Literal["beginning", "end"] = "end") -> AsyncIterator[Record]:
        """Every record from there on, for ever, without a group: for a reader that keeps nothing."""
        ...

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]: ...

    async def begin_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]: ...

    async def committed(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """What the group has committed; partitions without a commit are left out."""
        ...

    async def groups(self) -> Mapping[str, int]:
        """Every group that has members or has committed anything, and how many members it has now."""
        ...

    async def remove_group(self, group: str) -> None:
        """Forget what it has committed; a group that nobody knows is forgotten already. Raises GroupInUse."""
        ...

    async def drop_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Records below these offsets may go; some of them may stay. Who asks has seen that they are not needed."""
        ...

    async def identity(self) -> str:
        """Names this log: another value means that it was made anew (embedded: a uuid; Kafka: the cluster id)."""
        ...


# --- the store -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of documents, and the index fields by which they can be found. `unique` is not needed: ids are unique."""

    name: str
    fields: Mapping[str, type]  # declared index fields: str, int, float or bool; a document may leave any of them None
    indexes: tuple[tuple[str, ...], ...] = ()  # of those fields, leading ones by equality, the last by range or order


class Document(msgspec.Struct, frozen=True, gc=False):
    """`version`: the one the store is expected to hold when saving (0: none yet); loaded, the one it holds.

    `before`: the index values of that version as they were loaded, if the writer knows them; a store may then leave
    alone what did not change.
    """

    id: str
    version: int
    body: bytes
    index: Mapping[str, Scalar] = {}
    before: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """From `low` inclusive to `high` exclusive; None is open."""

    low: Scalar = None
    high: Scalar = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Case-insensitive part of a text."""

    text: str


Condition = Scalar | Between | AnyOf | Contains
Where = Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class Page:
    documents: tuple[Document, ...]
    next: str | None  # an opaque cursor; None at the end


@dataclass(frozen=True, slots=True)
class Group:
    """One group of `Store.count`: the values of the fields grouped by, how many documents, and sums of int fields."""

    by: Mapping[str, Scalar]
    n: int
    sums: Mapping[str, int]


class Store(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure(self, collections: Iterable[Collection]) -> None:
        """Create collections and indexes that are missing, add fields that are new; repeatable, by several at once."""
        ...

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        """The documents that exist, as last acknowledged by a majority."""
        ...

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """Write each whose stored version still is `document.version` (0: none stored) as version + 1.

        Returns the ids that lost the race; the others are durable. Raises StoreUnavailable when it does not know:
        the caller then loads again and looks.
        """
        ...

    async def put_newer(self, collection: str, documents: Sequence[Document]) -> None:
        """Write each that is absent or stored under a LOWER version than `document.version`, as that version.

        A repeat changes nothing. Immutable rows are put with version 1; cells and facts with their record's number.
        """
        ...

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        """Documents that meet every condition, ordered by (field, id) or by id; None orders first."""
        ...

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        """Groups in order of their values; without `by` exactly one group."""
        ...

    async def delete(self, collection: str, ids: Many[str]) -> None: ...

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Ids that begin with the prefix, in order, after the given one."""
        ...
