"""Bus port: a partitioned log, ordered per key, delivered at least once to every consumer group."""
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of the log, not decoded, so that reading it cannot fail."""

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
    """One record to be appended. Without `partition` it is murmur2(key) modulo the topic's partitions."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


PartitionCallback = Callable[[frozenset[TopicPartition]], Awaitable[None]]


class Consumer(Protocol):
    """One member of a consumer group. Partition i of all its topics is always assigned to the same member."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Leave the group at once, so that the others need not wait for the session time-out."""
        ...

    async def poll(self, max_records: int, timeout: float) -> Mapping[TopicPartition, Sequence[Record]]:
        """At most `max_records` of the assigned partitions, waiting at most `timeout` seconds for the first.

        The position advances; `commit` stores it, `seek` resets it. `on_revoked` is awaited before a partition is given
        up, `on_assigned` before its first record is returned.
        """
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The next offset to read per partition. Raises PartitionLost when one is assigned to another member."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None: ...

    def assignment(self) -> frozenset[TopicPartition]: ...

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Records not yet returned by `poll`, per assigned partition."""
        ...


class Bus(Protocol):
    @property
    def replaced_producers(self) -> int:
        """Number of producers that hung or failed and were replaced."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        """Create missing topics with these numbers of partitions. Raises UnsafeSetting when a topic has another number,
        or may lose acknowledged records."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Append all in order per partition; return when all are acknowledged, else raise BusUnavailable."""
        ...

    def consumer(
        self, group: str, topics: Sequence[str], *, on_assigned: PartitionCallback | None = None,
        on_revoked: PartitionCallback | None = None,
    ) -> Consumer:
        """A new member of the group; a group without a committed offset starts at the beginning of the log."""
        ...

    async def read(self, partition: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        """Records from `offset` on, without a group; empty beyond the end."""
        ...

    async def read_each(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Record]:
        """The record at each of these offsets; missing and deleted ones are left out."""
        ...

    def tail(self, topics: Sequence[str], start: Literal["beginning", "end"] = "end") -> AsyncIterator[Record]:
        """All records from there on, without end and without a group: for readers without state."""
        ...

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]: ...

    async def begin_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]: ...

    async def committed(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """Committed offsets of the group; partitions without a commit are left out."""
        ...

    async def groups(self) -> Mapping[str, int]:
        """{group: number of members} of all groups with members or committed offsets."""
        ...

    async def remove_group(self, group: str) -> None:
        """Delete the group's committed offsets, if there are any. Raises GroupInUse."""
        ...

    async def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Allow records below these offsets to be deleted; some may stay. The caller checks that none is needed."""
        ...

    async def identity(self) -> str:
        """Identifies this log: another value means that it was recreated (embedded: a uuid; Kafka: the cluster id)."""
        ...
