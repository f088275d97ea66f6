"""Retention: deletes old records from topics with a limit, but none that a consumer group still needs.

    TRIPTYCH_KEEP_DAYS=365                                      every topic
    TRIPTYCH_KEEP_DAYS=365,crm.engagements.v1=30                one topic shorter
    TRIPTYCH_KEEP_DAYS=crm.engagements.v1=30                    one topic only

The same on every log: records older than the limit are deleted once every group that consumes the topic has committed
them. Figures can no longer be rebuilt from deleted records.
"""
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from chassis.aggregates.documents import millis
from chassis.ports import Bus, TopicPartition

EVERY_SECONDS = 600.0

log = structlog.get_logger(__name__)


class Retention:
    """`readers`: groups that consume a topic, even before their first commit; other groups count after it."""

    def __init__(
        self, bus: Bus, days: Mapping[str, int], readers: Mapping[str, Iterable[str]], now: Callable[[], datetime],
    ) -> None:
        self._bus, self._days, self._readers, self._now = bus, dict(days), readers, now

    async def drop(self) -> int:
        """Delete what no group needs; returns the number of records."""
        if not self._days:
            return 0
        begins, needed = await self._bus.begin_offsets(list(self._days)), await self._needed()
        upto: dict[TopicPartition, int] = {}
        for partition, begin in begins.items():
            limit = millis(self._now() - timedelta(days=self._days[partition.topic]))
            offset = await self._first_since(partition, begin, needed[partition], limit)
            if offset > begin:
                upto[partition] = offset
        if not upto:
            return 0
        await self._bus.delete_before(upto)
        after = await self._bus.begin_offsets(list(self._days))
        dropped = sum(after[partition] - begin for partition, begin in begins.items())
        log.info("records_dropped", topics=sorted({partition.topic for partition in upto}), records=dropped)
        return dropped

    async def _needed(self) -> dict[TopicPartition, int]:
        """The first offset of each partition that some group has not committed."""
        first = dict(await self._bus.end_offsets(list(self._days)))
        known = {group for topic in self._days for group in self._readers.get(topic, ())}
        for group in sorted({*known, *await self._bus.groups()}):
            committed = await self._bus.committed(group, list(self._days))
            started = {partition.topic for partition in committed}
            for partition in first:
                if partition.topic in started or group in self._readers.get(partition.topic, ()):
                    first[partition] = min(first[partition], committed.get(partition, 0))
        return first

    async def _first_since(self, partition: TopicPartition, low: int, high: int, limit: int) -> int:
        """First offset in [low, high) appended at or after `limit` (ms), else `high`; append times never decrease."""
        while low < high:
            middle = (low + high) // 2
            records = await self._bus.read(partition, middle, 1)
            if not records or records[0].timestamp_ms >= limit:
                high = middle
            else:
                low = max(middle, records[0].offset) + 1
        return min(low, high)
