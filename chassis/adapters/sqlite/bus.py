"""The embedded log as a `Bus`."""
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import apsw

from chassis.adapters.sqlite import consumer_groups, log
from chassis.adapters.sqlite.consumer import SqliteConsumer
from chassis.adapters.sqlite.database import Database, DatabaseUnavailable
from chassis.adapters.sqlite.sql import rows
from chassis.ports import BusUnavailable, GroupInUse, Outgoing, PartitionCallback, Record, TopicPartition
from chassis.ports.partitioner import partition_of

T = TypeVar("T")
_POLL_SECONDS = 1.0  # seconds: a wakeup may have been lost
_TAIL = 500  # records at once


class SqliteBus:
    """`heartbeat`, `session`: seconds; a member without a heartbeat for a session loses its partitions."""

    replaced_producers = 0  # there is no connection that could fail

    def __init__(
        self, path: Path | str | Database, *, sync: Literal["normal", "full"] = "normal", heartbeat: float = 2.0,
        session: float = 6.0,
    ) -> None:
        self.database = path if isinstance(path, Database) else Database(path, sync=sync)
        self.heartbeat, self.session = heartbeat, session
        self._places: log.Places = {}

    async def start(self) -> None:
        await self.database.start()

    async def stop(self) -> None:
        await self.database.stop()

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        await self.write(lambda connection: log.create_topics(connection, topics))

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if not messages:
            return
        places = await self.places(message.topic for message in messages)
        by_partition: dict[int, list[Outgoing]] = {}
        for message in messages:
            by_partition.setdefault(_partition_id(places[message.topic], message), []).append(message)
        batches = [batch for partition, some in by_partition.items() for batch in log.pack(partition, some)]
        await self.write(lambda connection: log.append(connection, batches), rings=set(map(_topic, messages)))

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        on_assigned: PartitionCallback | None = None,
        on_revoked: PartitionCallback | None = None,
    ) -> SqliteConsumer:
        return SqliteConsumer(self, group, topics, on_assigned, on_revoked)

    async def read(self, partition: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        if limit < 1:
            return ()
        id = await self.place_id(partition)
        return (await self.ask(lambda connection: log.read(connection, id, partition, offset, limit)))[:limit]

    async def read_each(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Record]:
        ids = {partition: await self.place_id(partition) for partition in offsets}

        def read(connection: apsw.Connection) -> dict[TopicPartition, Record]:
            batches = {partition: log.read(connection, ids[partition], partition, offset, 1)
                       for partition, offset in offsets.items()}
            return {partition: records[0] for partition, records in batches.items()
                    if records and records[0].offset == offsets[partition]}

        return await self.ask(read)

    async def tail(self, topics: Sequence[str], start: Literal["beginning", "end"] = "end") -> AsyncIterator[Record]:
        waiter = self.database.bells.listen(topics)
        try:
            positions = dict(await (self.end_offsets if start == "end" else self.begin_offsets)(topics))
            ids = {partition: await self.place_id(partition) for partition in positions}
            while True:
                waiter.rung.clear()
                requested = {ids[partition]: (partition, position) for partition, position in positions.items()}
                _, fetched = await self.ask(partial(log.fetch, requested=requested, limit=_TAIL))
                for records in fetched.values():
                    for record in records:
                        positions[record.topic_partition] = record.offset + 1
                        yield record
                if not fetched:
                    await waiter.wait(_POLL_SECONDS)
        finally:
            self.database.bells.forget(waiter)

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._by_place(topics, log.ends_of)

    async def begin_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._by_place(topics, log.begins_of)

    async def committed(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        names = await self.names(topics)
        offsets = await self.ask(lambda connection: consumer_groups.committed(connection, group))
        return {names[id]: offset for id, offset in offsets.items() if id in names}

    async def groups(self) -> Mapping[str, int]:
        return await self.ask(lambda connection: consumer_groups.live_members(connection, self.session))

    async def remove_group(self, group: str) -> None:
        if not await self.write(lambda connection: consumer_groups.forget(connection, group, self.session)):
            raise GroupInUse(f"group {group!r} has members")

    async def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        by_id = {await self.place_id(partition): offset for partition, offset in offsets.items()}
        await self.write(lambda connection: log.delete_before(connection, by_id))

    async def identity(self) -> str:
        select = "SELECT value FROM facts WHERE name='identity'"
        return str(await self.ask(lambda connection: rows(connection, select)[0][0]))

    # --- for the consumers ---

    async def ask(self, job: Callable[[apsw.Connection], T]) -> T:
        try:
            return await self.database.read(job)
        except DatabaseUnavailable as error:
            raise BusUnavailable(str(error)) from error

    async def write(self, job: Callable[[apsw.Connection], T], rings: Iterable[str] = ()) -> T:
        try:
            return await self.database.write(job, rings)
        except DatabaseUnavailable as error:
            raise BusUnavailable(str(error)) from error

    async def places(self, topics: Iterable[str]) -> log.Places:
        """Row ids of at least these topics' partitions; cached, since topics never change once created."""
        requested = set(topics)
        if not requested <= self._places.keys():
            self._places = await self.ask(log.places_of)
        for topic in requested:
            if topic not in self._places:
                raise BusUnavailable(f"topic {topic!r} does not exist")
        return self._places

    async def names(self, topics: Sequence[str]) -> dict[int, TopicPartition]:
        places = await self.places(topics)
        return {id: TopicPartition(t, n) for t in dict.fromkeys(topics) for n, id in enumerate(places[t])}

    async def place_id(self, partition: TopicPartition) -> int:
        ids = (await self.places([partition.topic]))[partition.topic]
        if not 0 <= partition.partition < len(ids):
            raise BusUnavailable(f"topic {partition.topic!r} has no partition {partition.partition}")
        return ids[partition.partition]

    async def _by_place(
        self, topics: Sequence[str], query: Callable[[apsw.Connection, Sequence[int]], dict[int, int]]
    ) -> dict[TopicPartition, int]:
        names = await self.names(topics)
        offsets = await self.ask(lambda connection: query(connection, list(names)))
        return {names[id]: offset for id, offset in offsets.items()}


def _topic(message: Outgoing) -> str:
    return message.topic


def _partition_id(ids: list[int], message: Outgoing) -> int:
    partition = partition_of(message.key, len(ids)) if message.partition is None else message.partition
    if not 0 <= partition < len(ids):
        raise BusUnavailable(f"topic {message.topic!r} has no partition {partition}")
    return ids[partition]
