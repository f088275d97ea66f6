"""How long the log keeps what it holds: for ever, unless a bound was set, and never less than its readers need.

    TRIPTYCH_KEEP_DAYS=365                                      every topic of the business
    TRIPTYCH_KEEP_DAYS=365,crm.engagements.v1=30                this one shorter
    TRIPTYCH_KEEP_DAYS=crm.engagements.v1=30                    this one, and nothing else

The same on every log: what is older than the bound goes once every group that reads the topic has read it. Figures can
then no longer be rebuilt from before.
"""
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from chassis.aggregates.documents import millis
from chassis.ports import Bus, TopicPartition

EVERY_SECONDS = 600.0

log = structlog.get_logger(__name__)


class Retention:
    """`readers`: groups that hear a topic, whether or not they have begun; others count once they have committed."""

    def __init__(
        self, bus: Bus, days: Mapping[str, int], readers: Mapping[str, Iterable[str]], now: Callable[[], datetime],
    ) -> None:
        self._bus, self._days, self._readers, self._now = bus, dict(days), readers, now

    async def drop(self) -> int:
        """Drop what may go; how many records."""
        if not self._days:
            return 0
        begins, needed = await self._bus.begin_offsets(list(self._days)), await self._needed()
        upto: dict[TopicPartition, int] = {}
        for place, begin in begins.items():
            limit = millis(self._now() - timedelta(days=self._days[place.topic]))
            offset = await self._first_since(place, begin, needed[place], limit)
            if offset > begin:
                upto[place] = offset
        if not upto:
            return 0
        await self._bus.drop_before(upto)
        after = await self._bus.begin_offsets(list(self._days))
        dropped = sum(after[place] - begin for place, begin in begins.items())
        log.info("records_dropped", topics=sorted({place.topic for place in upto}), records=dropped)
        return dropped

    async def _needed(self) -> dict[TopicPartition, int]:
        """The first offset of each partition that some reader has not read."""
        first = dict(await self._bus.end_offsets(list(self._days)))
        known = {group for topic in self._days for group in self._readers.get(topic, ())}
        for group in sorted({*known, *await self._bus.groups()}):
            committed = await self._bus.committed(group, list(self._days))
            begun = {place.topic for place in committed}
            for place in first:
                if place.topic in begun or group in self._readers.get(place.topic, ()):
                    first[place] = min(first[place], committed.get(place, 0))
        return first

    async def _first_since(self, place: TopicPartition, low: int, high: int, limit: int) -> int:
        """The first offset in [low, high) whose record is not older; `high` when all are. Append times only grow."""
        while low < high:
            middle = (low + high) // 2
            records = await self._bus.read(place, middle, 1)
            if not records or records[0].timestamp_ms >= limit:
                high = middle
            else:
                low = max(middle, records[0].offset) + 1
        return min(low, high)
