"""In-memory partitioned log whose consumer groups share partitions and refuse commits of former owners."""
import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chassis.adapters.partition_quota import quotas
from chassis.ports import (
    BusUnavailable,
    GroupInUse,
    Outgoing,
    PartitionCallback,
    PartitionLost,
    Record,
    TopicPartition,
    partition_count_changed,
)
from chassis.ports.partitioner import partition_of
from chassis.support.clock import now_ms

Hook = Callable[[Sequence[Outgoing]], Awaitable[None]]


@dataclass
class _Group:
    members: "list[MemoryConsumer]" = field(default_factory=list)
    owners: "dict[int, MemoryConsumer]" = field(default_factory=dict)  # by partition number
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)


class MemoryBus:
    """`before_publish` raising BusUnavailable: the publish did not happen; `after_publish` raising it: it did, unknown
    to the caller. `now_ms`: clock of the append times."""

    replaced_producers = 0  # there is no connection that could fail

    def __init__(self, now_ms: Callable[[], int] = now_ms) -> None:
        self.before_publish: Hook | None = None
        self.after_publish: Hook | None = None
        self.now_ms = now_ms
        self._identity = str(uuid.uuid4())
        self._logs: dict[str, list[list[Record]]] = {}
        self._groups: dict[str, _Group] = {}
        self._begins: dict[TopicPartition, int] = {}
        self._appended = asyncio.Event()  # replaced at each append, which wakes waiters on the old one

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        for topic, partitions in topics.items():
            if partitions < 1:
                raise ValueError(f"topic {topic!r} cannot have {partitions} partitions")
            if topic in self._logs and len(self._logs[topic]) != partitions:
                raise partition_count_changed(topic, len(self._logs[topic]), partitions)
        for topic, partitions in topics.items():
            self._logs.setdefault(topic, [[] for _ in range(partitions)])

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.before_publish:
            await self.before_publish(messages)
        placed = [(self._partition(message), message) for message in messages]
        for partition, message in placed:
            log = self._logs[message.topic][partition]
            at = max(self.now_ms(), log[-1].timestamp_ms if log else 0)
            headers = tuple(message.headers)
            log.append(Record(message.topic, partition, len(log), at, message.key, message.value, headers))
        self._wake()
        if self.after_publish:
            await self.after_publish(messages)

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        on_assigned: PartitionCallback | None = None,
        on_revoked: PartitionCallback | None = None,
    ) -> "MemoryConsumer":
        return MemoryConsumer(self, self._groups.setdefault(group, _Group()), topics, on_assigned, on_revoked)

    async def read(self, partition: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        begin = max(offset, self.begin(partition))
        return self.log(partition)[begin : begin + limit]

    async def read_each(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Record]:
        return {partition: self.log(partition)[offset] for partition, offset in offsets.items()
                if self.begin(partition) <= offset < len(self.log(partition))}

    async def tail(self, topics: Sequence[str], start: Literal["beginning", "end"] = "end") -> AsyncIterator[Record]:
        positions = {p: len(self.log(p)) if start == "end" else self.begin(p) for p in self.places(topics)}
        while True:
            appended = self._appended
            for partition, position in positions.items():
                for record in self.log(partition)[position:]:
                    positions[partition] = record.offset + 1
                    yield record
            if appended is self._appended:
                await appended.wait()

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return {partition: len(self.log(partition)) for partition in self.places(topics)}

    async def begin_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return {partition: self.begin(partition) for partition in self.places(topics)}

    async def committed(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        committed = self._groups[group].committed if group in self._groups else {}
        return {partition: offset for partition, offset in committed.items() if partition.topic in topics}

    async def groups(self) -> Mapping[str, int]:
        return {name: len(g.members) for name, g in self._groups.items() if g.members or g.committed}

    async def remove_group(self, group: str) -> None:
        if group in self._groups and self._groups[group].members:
            raise GroupInUse(f"group {group!r} has members")
        self._groups.pop(group, None)

    async def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            self._begins[partition] = max(self.begin(partition), min(offset, len(self.log(partition))))

    async def identity(self) -> str:
        return self._identity

    async def expire(self, consumer: "MemoryConsumer") -> None:
        """Simulates a session timeout: other members take over while this one has not noticed yet."""
        await consumer.group.moving.acquire()
        try:
            consumer.group.members.remove(consumer)
        finally:
            consumer.group.moving.release()
        await rebalance(consumer.group)

    def places(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(t, p) for t in dict.fromkeys(topics) for p in range(len(self._logs_of(t)))]

    def log(self, partition: TopicPartition) -> list[Record]:
        logs = self._logs_of(partition.topic)
        if not 0 <= partition.partition < len(logs):
            raise BusUnavailable(f"topic {partition.topic!r} has no partition {partition.partition}")
        return logs[partition.partition]

    def begin(self, partition: TopicPartition) -> int:
        return self._begins.get(partition, 0)

    def appended(self) -> asyncio.Event:
        return self._appended

    def _wake(self) -> None:
        self._appended.set()
        self._appended = asyncio.Event()

    def _logs_of(self, topic: str) -> list[list[Record]]:
        try:
            return self._logs[topic]
        except KeyError:
            raise BusUnavailable(f"topic {topic!r} does not exist") from None

    def _partition(self, message: Outgoing) -> int:
        logs = self._logs_of(message.topic)
        if message.partition is None:
            return partition_of(message.key, len(logs))
        if not 0 <= message.partition < len(logs):
            raise BusUnavailable(f"topic {message.topic!r} has no partition {message.partition}")
        return message.partition


class MemoryConsumer:
    def __init__(
        self,
        bus: MemoryBus,
        group: _Group,
        topics: Sequence[str],
        on_assigned: PartitionCallback | None,
        on_revoked: PartitionCallback | None,
    ) -> None:
        self.group = group
        self._bus = bus
        self._topics = tuple(dict.fromkeys(topics))
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._positions: dict[TopicPartition, int] = {}
        self._closed: frozenset[TopicPartition] = frozenset()  # assigned, but not returned by `poll`
        self._lost: set[TopicPartition] = set()
        self._started = False
        self.name = str(uuid.uuid4())

    async def start(self) -> None:
        self._bus.places(self._topics)  # raises now for a missing topic
        self._started = True
        self.group.members.append(self)
        await rebalance(self.group)

    async def stop(self) -> None:
        self._started = False
        async with self.group.moving:
            await self.give_up({p.partition for p in self._positions})
            if self in self.group.members:
                self.group.members.remove(self)
        await rebalance(self.group)

    async def poll(self, max_records: int, timeout: float) -> Mapping[TopicPartition, Sequence[Record]]:
        if self._lost:
            await self._rejoin()
        until = time.monotonic() + timeout
        while True:
            appended = self._bus.appended()
            records = self._take(max_records)
            remaining = until - time.monotonic()
            if records or remaining <= 0:
                await asyncio.sleep(0)
                return records
            try:
                # a rebalance wakes no waiter; a short timeout finds new partitions soon enough in tests
                async with asyncio.timeout(min(remaining, 0.05)):  # wait_for may swallow a cancellation
                    await appended.wait()
            except TimeoutError:
                continue

    def _take(self, max_records: int) -> dict[TopicPartition, Sequence[Record]]:
        batches: dict[TopicPartition, Sequence[Record]] = {}
        for partition in [p for p in self._positions if p not in self._closed]:
            if not max_records:
                break
            position = max(self._positions.pop(partition), self._bus.begin(partition))
            records = self._bus.log(partition)[position : position + max_records]
            if records:
                batches[partition] = records
                max_records -= len(records)
            self._positions[partition] = position + len(records)  # round robin: served last
        return batches

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        lost = [p for p in offsets if self.group.owners.get(p.partition) is not self or p not in self._positions]
        if lost:
            self._lost |= {p for p in lost if self._positions.pop(p, None) is not None}
            raise PartitionLost(", ".join(f"{p.topic}/{p.partition}" for p in sorted(lost)))
        self.group.committed.update(offsets)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._positions:
            raise PartitionLost(f"{partition.topic}/{partition.partition}")
        self._positions[partition] = offset

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._positions)

    async def lag(self) -> Mapping[TopicPartition, int]:
        return {partition: max(0, len(self._bus.log(partition)) - at) for partition, at in self._positions.items()}

    def numbers(self) -> int:
        """Highest partition count of its topics."""
        return max((p.partition + 1 for p in self._bus.places(self._topics)), default=0)

    async def take(self, numbers: set[int]) -> None:
        partitions = [p for p in self._bus.places(self._topics) if p.partition in numbers]
        for number in numbers:
            self.group.owners[number] = self
        self._positions |= {p: self.group.committed.get(p, 0) for p in partitions}
        self._closed = frozenset(partitions)  # `on_assigned` may seek first
        try:
            if self._on_assigned and partitions:
                await self._on_assigned(self._closed)
        finally:
            self._closed = frozenset()

    async def give_up(self, numbers: set[int]) -> None:
        partitions = frozenset(p for p in self._positions if p.partition in numbers)
        self._closed = partitions
        try:
            if self._on_revoked and partitions:
                await self._on_revoked(partitions)
        finally:
            self._closed = frozenset()
        for partition in partitions:
            self._positions.pop(partition, None)
        for number in numbers:
            if self.group.owners.get(number) is self:
                del self.group.owners[number]

    async def _rejoin(self) -> None:
        """Rejoins after a session timeout: lost partitions are revoked first."""
        lost, self._lost = frozenset(self._lost), set()
        if self._on_revoked:
            await self._on_revoked(lost)
        if self._started and self not in self.group.members:
            for partition in [p for p in self._positions if self.group.owners.get(p.partition) is not self]:
                del self._positions[partition]
            self.group.members.append(self)
            await rebalance(self.group)


async def rebalance(group: _Group) -> None:
    """Releases surplus partitions and takes free ones, one at a time; callbacks may commit."""
    async with group.moving:
        members = {member.name: member for member in group.members}
        group.owners = {n: m for n, m in group.owners.items() if m in group.members}
        total = max((member.numbers() for member in group.members), default=0)
        held = Counter(member.name for member in group.owners.values())
        shares = quotas({name: held[name] for name in members}, total)
        for name, share in shares.items():
            own = sorted(n for n, m in group.owners.items() if m.name == name)
            if own[share:]:
                await members[name].give_up(set(own[share:]))
        free = [n for n in range(total) if n not in group.owners]
        for name, share in shares.items():
            missing = max(0, share - sum(m.name == name for m in group.owners.values()))
            if free[:missing]:
                await members[name].take(set(free[:missing]))
            free = free[missing:]
