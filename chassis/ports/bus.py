"""`Bus`: a partitioned log, in order per key, at-least-once for every consumer group."""
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

Headers = tuple[tuple[str, bytes], ...]


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
    def topic_partition(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record to be appended. The partition is murmur2(key) over the topic's partitions, unless it is named."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


PartitionCallback = Callable[[frozenset[TopicPartition]], Awaitable[None]]


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
    def replaced_producers(self) -> int:
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
        self, group: str, topics: Sequence[str], *, on_assigned: PartitionCallback | None = None, on_revoked: PartitionCallback | None = None,
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

    async def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Records below these offsets may go; some of them may stay. Who asks has seen that they are not needed."""
        ...

    async def identity(self) -> str:
        """Names this log: another value means that it was made anew (embedded: a uuid; Kafka: the cluster id)."""
        ...
