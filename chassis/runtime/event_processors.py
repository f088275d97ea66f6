"""The two ways of taking events in, behind one interface: the runner of deciders and the projector of facts."""
import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from chassis.aggregates import Batch, FailedRecord, Runner, Share
from chassis.ports import Bus, TopicPartition
from chassis.projections import Projector
from chassis.projections.batch import record_of


class JournalBehind(Exception):
    """What was polled lies beyond what is counted: the partition has to be taken again, from where the journal ends."""


class Processor(Protocol):
    """What the worker calls. `run` may raise: the worker then runs the same records again."""

    async def start(self) -> None: ...

    async def take(self, place: TopicPartition) -> int | None:
        """A partition is ours now. The offset it has to be read from at the latest; None: from its beginning."""
        ...

    def forget(self, place: TopicPartition) -> None: ...

    async def run(self, batch: Batch) -> Sequence[FailedRecord]:
        """Take all of it in, once; answers what must become dead letters before anything is committed."""
        ...


class Deciding:
    """The runner: its fences are in the documents, so it can go on from any offset."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def start(self) -> None:
        await self._runner.start()

    async def take(self, place: TopicPartition) -> int | None:
        return 2**63 - 1

    def forget(self, place: TopicPartition) -> None: ...

    async def run(self, batch: Batch) -> Sequence[FailedRecord]:
        await self._runner.run(batch)
        return ()


class Projecting:
    """The projector: its journal says what is counted, the group's offset is only for show."""

    def __init__(self, projector: Projector, bus: Bus) -> None:
        self._projector, self._bus = projector, bus
        self._held: set[TopicPartition] = set()
        self._owed: list[FailedRecord] = []  # of the last record before we took over: perhaps never published

    async def start(self) -> None:
        await self._projector.store.ensure(await self._projector.collections())

    def count_in(self, projector: Projector) -> None:
        """From now on in another generation. Only while no partition is held."""
        self._projector = projector
        self._held.clear()
        self._owed.clear()

    async def take(self, place: TopicPartition) -> int | None:
        self._held.discard(place)
        at = await self._projector.recover(place)
        for offset, code, text in self._projector.refusals(place):
            records = await self._bus.read(place, offset, 1)
            self._owed += [FailedRecord(r, code, text) for r in records if r.offset == offset]
        self._held.add(place)
        return at

    def forget(self, place: TopicPartition) -> None:
        self._held.discard(place)
        self._projector.forget(place)

    async def run(self, batch: Batch) -> Sequence[FailedRecord]:
        """Partitions side by side: each has a journal of its own, and their writes travel together."""
        found = await asyncio.gather(*(self._count(*each) for each in batch.items()), return_exceptions=True)
        dead: list[FailedRecord] = []
        for outcome in found:  # one that failed is told when the others are done
            if isinstance(outcome, BaseException):
                raise outcome
            dead += outcome
        owed, self._owed = self._owed, []
        return [*owed, *dead]

    async def _count(self, place: TopicPartition, share: Share) -> list[FailedRecord]:
        if place not in self._held:
            at = await self.take(place)
            if at is None or at < share.lo:
                raise JournalBehind(f"{place.topic}/{place.partition}: counted up to {at}, polled from {share.lo}")
        self._held.discard(place)  # whatever goes wrong, it has to be recovered first
        messages: Sequence[Any] = share.messages
        refused = await self._projector.run(place, messages, share.lo, share.hi)
        self._held.add(place)
        return [FailedRecord(record_of(r.message), r.code, r.text) for r in refused]
