"""Fetches with its own positions, because aiokafka's can run ahead of the records it returns."""
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import IllegalStateError, OffsetOutOfRangeError

from chassis.ports import BusUnavailable, LogRecreated, Record, TopicPartition
from chassis.support.clock import now_ms


class PartitionFetcher:
    """`next`: next offset to return, per assigned partition; set when partitions are assigned.

    When one partition of a fetch cannot be read, aiokafka drops the records of the others but keeps their positions,
    which would skip them. After every error all positions are therefore reset to ours.

    aiokafka decodes the names of record headers. A record with a name that is not UTF-8, and the rest of its batch,
    is returned as a placeholder without key and value: decoding rejects it, and its offset locates it.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.consumer = consumer
        self.next: dict[TopicPartition, int] = {}
        self._unreadable: dict[TopicPartition, int] = {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Raises IllegalStateError when the partition is not assigned."""
        self.consumer.seek(KafkaPartition(*partition), offset)
        self.next[partition] = offset

    async def fetch(
        self, max_records: int, timeout: float, of: Iterable[TopicPartition] = (),
    ) -> dict[TopicPartition, Sequence[Record]]:
        """Records (of the partitions in `of` only), waiting at most `timeout` seconds for the first. Raises
        LogRecreated when the next offset no longer exists."""
        for partition, offset in self._unreadable.items():
            return await self._up_to(partition, offset, max_records)
        return await self._fetch([KafkaPartition(*partition) for partition in of], max_records, timeout)

    async def _fetch(
        self, partitions: Sequence[KafkaPartition], max_records: int, timeout: float,
    ) -> dict[TopicPartition, Sequence[Record]]:
        try:
            raw = await self.consumer.getmany(
                *partitions, timeout_ms=max(0, int(timeout * 1000)), max_records=max_records,
            )
        except UnicodeDecodeError as error:
            stopped = self._stopped()
            self._reset_positions()
            if not stopped:
                raise BusUnavailable(f"cannot read past a header name that is not UTF-8: {error}") from error
            self._unreadable |= stopped
            return {}
        except OffsetOutOfRangeError as error:
            self._reset_positions()
            raise LogRecreated(f"the log no longer has the next offset: {error}") from error
        except Exception:
            self._reset_positions()
            raise
        return self._records_of(raw)

    def _records_of(self, raw: Mapping[KafkaPartition, Sequence[Any]]) -> dict[TopicPartition, Sequence[Record]]:
        fetched: dict[TopicPartition, Sequence[Record]] = {}
        for kafka_partition, some in raw.items():
            partition = TopicPartition(*kafka_partition)
            if some[0].offset < self.next.get(partition, 0):
                raise LogRecreated(
                    f"{partition.topic}/{partition.partition} went back from {self.next[partition]} to "
                    f"{some[0].offset}",
                )
            self.next[partition] = some[-1].offset + 1
            fetched[partition] = [record_of(each) for each in some]
        return fetched

    async def _up_to(
        self, partition: TopicPartition, offset: int, max_records: int,
    ) -> dict[TopicPartition, Sequence[Record]]:
        """The records before the unreadable one, then its placeholder."""
        at = self.next.get(partition)
        if at is not None and at < offset:
            return await self._fetch((KafkaPartition(*partition),), min(max_records, offset - at), 1.0)
        del self._unreadable[partition]
        if at != offset:  # revoked, or a seek moved past it
            return {}
        self.seek(partition, offset + 1)
        return {partition: [_placeholder(partition, offset)]}

    def _stopped(self) -> dict[TopicPartition, int]:
        """The partition whose iterator an error has closed, and the offset reached."""
        stopped = {}
        for kafka_partition, result in self.consumer._fetcher._records.items():
            records = getattr(result, "_partition_records", None)
            iterator = getattr(records, "_records_iterator", None)
            if records is not None and iterator is not None and iterator.gi_frame is None:
                stopped[TopicPartition(*kafka_partition)] = int(records.next_fetch_offset)
        return stopped

    def _reset_positions(self) -> None:
        for partition, offset in self.next.items():
            with suppress(IllegalStateError):  # revoked in the meantime
                self.consumer.seek(KafkaPartition(*partition), offset)


async def committed_of(consumer: AIOKafkaConsumer, partitions: Iterable[KafkaPartition]) -> dict[TopicPartition, int]:
    """Committed offsets of the consumer's group in one request; aiokafka's own `committed` sends one per partition.
    Partitions without a commit are left out."""
    committed = await consumer._coordinator.fetch_committed_offsets(list(partitions))
    return {TopicPartition(*partition): metadata.offset for partition, metadata in committed.items()}


def record_of(raw: Any) -> Record:
    headers: tuple[tuple[str, bytes | None], ...] = raw.headers
    named = tuple([(name, value or b"") for name, value in headers])
    return Record(raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, named)


def _placeholder(partition: TopicPartition, offset: int) -> Record:
    return Record(partition.topic, partition.partition, offset, now_ms(), None, None)
