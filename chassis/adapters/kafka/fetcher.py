"""Fetches with its own positions, because aiokafka's can run ahead of the records it returns."""
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPlace
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

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Raises IllegalStateError when the partition is not assigned."""
        self.consumer.seek(KafkaPlace(*place), offset)
        self.next[place] = offset

    async def fetch(
        self, max_records: int, timeout: float, of: Iterable[TopicPartition] = (),
    ) -> dict[TopicPartition, Sequence[Record]]:
        """Records (of the partitions in `of` only), waiting at most `timeout` seconds for the first. Raises
        LogRecreated when the next offset no longer exists."""
        for place, offset in self._unreadable.items():
            return await self._up_to(place, offset, max_records)
        return await self._fetch([KafkaPlace(*place) for place in of], max_records, timeout)

    async def _fetch(
        self, places: Sequence[KafkaPlace], max_records: int, timeout: float,
    ) -> dict[TopicPartition, Sequence[Record]]:
        try:
            raw = await self.consumer.getmany(
                *places, timeout_ms=max(0, int(timeout * 1000)), max_records=max_records,
            )
        except UnicodeDecodeError as error:
            stopped = self._stopped()
            self._put_back()
            if not stopped:
                raise BusUnavailable(f"cannot read past a header name that is not UTF-8: {error}") from error
            self._unreadable |= stopped
            return {}
        except OffsetOutOfRangeError as error:
            self._put_back()
            raise LogRecreated(f"the log no longer has the next offset: {error}") from error
        except Exception:
            self._put_back()
            raise
        return self._taken(raw)

    def _taken(self, raw: Mapping[KafkaPlace, Sequence[Any]]) -> dict[TopicPartition, Sequence[Record]]:
        taken: dict[TopicPartition, Sequence[Record]] = {}
        for kafka_place, some in raw.items():
            place = TopicPartition(*kafka_place)
            if some[0].offset < self.next.get(place, 0):
                raise LogRecreated(
                    f"{place.topic}/{place.partition} went back from {self.next[place]} to {some[0].offset}",
                )
            self.next[place] = some[-1].offset + 1
            taken[place] = [record_of(each) for each in some]
        return taken

    async def _up_to(
        self, place: TopicPartition, offset: int, max_records: int,
    ) -> dict[TopicPartition, Sequence[Record]]:
        """The records before the unreadable one, then its placeholder."""
        at = self.next.get(place)
        if at is not None and at < offset:
            return await self._fetch((KafkaPlace(*place),), min(max_records, offset - at), 1.0)
        del self._unreadable[place]
        if at != offset:  # revoked, or a seek moved past it
            return {}
        self.seek(place, offset + 1)
        return {place: [_stand_in(place, offset)]}

    def _stopped(self) -> dict[TopicPartition, int]:
        """The partition whose iterator an error has closed, and the offset reached."""
        stopped = {}
        for kafka_place, result in self.consumer._fetcher._records.items():
            records = getattr(result, "_partition_records", None)
            iterator = getattr(records, "_records_iterator", None)
            if records is not None and iterator is not None and iterator.gi_frame is None:
                stopped[TopicPartition(*kafka_place)] = int(records.next_fetch_offset)
        return stopped

    def _put_back(self) -> None:
        for place, offset in self.next.items():
            with suppress(IllegalStateError):  # revoked in the meantime
                self.consumer.seek(KafkaPlace(*place), offset)


async def committed_of(consumer: AIOKafkaConsumer, places: Iterable[KafkaPlace]) -> dict[TopicPartition, int]:
    """Committed offsets of the consumer's group in one request; aiokafka's own `committed` sends one per partition.
    Partitions without a commit are left out."""
    found = await consumer._coordinator.fetch_committed_offsets(list(places))
    return {TopicPartition(*place): said.offset for place, said in found.items()}


def record_of(raw: Any) -> Record:
    headers: tuple[tuple[str, bytes | None], ...] = raw.headers
    named = tuple([(name, value or b"") for name, value in headers])
    return Record(raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, named)


def _stand_in(place: TopicPartition, offset: int) -> Record:
    return Record(place.topic, place.partition, offset, now_ms(), None, None)
