"""The load: families of facts shuffled between topics, with copies and hostile records, and the ledger of it all.

The ledger is what was said, once per id: the verifier reckons every figure from it alone. Copies never enter it; of a
hostile record only in which dead letters it has to end.
"""
import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from chassis.ports import Outgoing
from tests.faults.event_families import EventFamily, SourceEvent

AT_ONCE = 300  # queues that events are taken from at any time
PLANTED = "planted"  # the header that numbers hostile records
MOST_ELSEWHERE = 20  # hostile records on a wrong partition

Planted = tuple[Outgoing, Sequence[str], str]
"""A hostile record, the services of which it must become a dead letter, and the code."""


@dataclass
class Ledger:
    """`said`: {(source, id): event}. `planted`: {(service, topic, number): code}, the dead letters there must be."""

    start: datetime
    said: dict[tuple[str, str], SourceEvent] = field(default_factory=dict)
    planted: dict[tuple[str, str, int], str] = field(default_factory=dict)
    copies: int = 0
    hostile: int = 0

    def take(self, event: SourceEvent) -> None:
        known = self.said.setdefault((event.source, event.id), event)
        assert known == event, f"the generator gave {event.id} to two events"

    def plant(self, planted: Planted) -> Outgoing:
        """Marked with its number, so that it is known again among the dead letters."""
        record, services, code = planted
        self.hostile += 1
        for service in services:
            self.planted[service, record.topic, self.hostile] = code
        headers = (*record.headers, (PLANTED, str(self.hostile).encode()))
        return Outgoing(record.topic, record.key, record.value, headers, record.partition)


class Load:
    """An endless stream of records, the same for the same seed. `copies`: share of events sent again later; `hostile`:
    share of events beside which a bad record is planted."""

    def __init__(
        self, seed: int, start: datetime, *, copies: float = 0.0, delay: int = 3000, hostile: float = 0.0,
        largest: int | None = None,
    ) -> None:
        from tests.faults.malformed_records import LARGEST, Hostile

        self.ledger = Ledger(start)
        self._hostile, self._bad, self._elsewhere = Hostile(seed, largest=largest or LARGEST), hostile, 0
        self._seed, self._start = seed, start
        self._chance = random.Random(seed)
        self._copies, self._delay = copies, delay
        self._late: list[tuple[int, int, Outgoing]] = []  # when (in events), number, record
        self._queues: list[list[SourceEvent]] = []
        self._families = self._sent = 0

    def records(self, n: int) -> list[Outgoing]:
        """The next `n` events, and what copies are due between them."""
        made: list[Outgoing] = []
        for _ in range(n):
            event = self._next()
            self.ledger.take(event)
            record = encoded(event)
            made.append(record)
            self._sent += 1
            if self._chance.random() < self._copies:
                heapq.heappush(self._late, (self._sent + self._chance.randint(1, self._delay), self._sent, record))
            made += self._due()
            if self._bad and self._chance.random() < self._bad:
                made += self._planted(event)
        return made

    def _planted(self, event: SourceEvent) -> list[Outgoing]:
        if self._elsewhere < MOST_ELSEWHERE and event.type == "crm.order.placed.v1":
            self._elsewhere += 1
            return [self.ledger.plant(self._hostile.elsewhere(event))]
        made = self._hostile.made(event)
        return [] if made is None else [self.ledger.plant(made)]

    def rest(self) -> Iterator[list[Outgoing]]:
        """Whole families to their end, so that every fact is complete; then the copies that are still to come."""
        while self._queues:
            made = []
            for _ in range(min(500, sum(map(len, self._queues)))):
                event = self._pop()
                self.ledger.take(event)
                made.append(encoded(event))
            yield made
        while self._late:
            yield [self._copy() for _ in range(min(500, len(self._late)))]

    def _next(self) -> SourceEvent:
        while len(self._queues) < AT_ONCE:
            self._queues += [list(reversed(q)) for q in EventFamily(self._seed, self._families, self._start).queues]
            self._families += 1
        return self._pop()

    def _pop(self) -> SourceEvent:
        at = self._chance.randrange(len(self._queues))
        event = self._queues[at].pop()
        if not self._queues[at]:
            self._queues[at] = self._queues[-1]
            self._queues.pop()
        return event

    def _due(self) -> list[Outgoing]:
        made = []
        while self._late and self._late[0][0] <= self._sent:
            made.append(self._copy())
        return made

    def _copy(self) -> Outgoing:
        self.ledger.copies += 1
        return heapq.heappop(self._late)[2]


def encoded(event: SourceEvent, **headers: bytes) -> Outgoing:
    """Binary content mode, by the Kafka binding of CloudEvents: written by hand, not by the product."""
    made: dict[str, Any] = {
        "content-type": b"application/json", "ce_specversion": b"1.0", "ce_type": event.type.encode(),
        "ce_id": event.id.encode(), "ce_source": event.source.encode(),
        "ce_time": event.time.isoformat().replace("+00:00", "Z").encode(), **headers,
    }
    return Outgoing(event.topic, event.key.encode(), orjson.dumps(event.data), tuple(made.items()))
