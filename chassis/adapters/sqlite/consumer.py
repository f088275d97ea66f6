"""Consumer group member on the embedded log."""
import asyncio
import contextlib
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chassis.adapters.sqlite import consumer_groups, log
from chassis.adapters.sqlite.member_names import new_member_name
from chassis.adapters.sqlite.wakeups import WakeupWaiter
from chassis.ports import BusUnavailable, LogRecreated, PartitionCallback, PartitionLost, Record, TopicPartition

if TYPE_CHECKING:
    from chassis.adapters.sqlite.bus import SqliteBus

_LOOK_AGAIN = 1.0  # seconds: a wakeup may have been lost


@dataclass(slots=True)
class _Held:
    """One assigned partition. `open`: its records may be returned by `poll`. `ahead`: read but not returned yet."""

    id: int
    name: TopicPartition
    generation: int
    position: int = 0
    ahead: list[Record] = field(default_factory=list)
    open: bool = False


class SqliteConsumer:
    """Membership runs in its own task: heartbeats and rebalances continue while the caller works."""

    def __init__(
        self,
        bus: "SqliteBus",
        group: str,
        topics: Sequence[str],
        on_assigned: PartitionCallback | None,
        on_revoked: PartitionCallback | None,
    ) -> None:
        self.name = new_member_name()
        self._bus, self._group, self._topics = bus, group, tuple(dict.fromkeys(topics))
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._held: dict[TopicPartition, _Held] = {}
        self._lost: set[TopicPartition] = set()  # lost to another member, `on_revoked` not called yet
        self._names: dict[int, TopicPartition] = {}
        self._calls = (f"group {group}",)
        self._news: WakeupWaiter | None = None
        self._moves: WakeupWaiter | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._look_at = 0.0

    async def start(self) -> None:
        self._names = await self._bus.names(self._topics)
        self._news = self._bus.database.bells.listen(self._topics)
        self._moves = self._bus.database.bells.listen(self._calls)
        await self._bus.write(
            lambda c: consumer_groups.heartbeat(c, self._group, self.name, self._bus.session), self._calls
        )
        self._task = asyncio.create_task(self._belong(), name=f"member of {self._group}")

    async def stop(self) -> None:
        if self._task is None or self._news is None or self._moves is None:
            return
        task, self._task = self._task, None
        task.cancel()
        await asyncio.wait({task})
        self._bus.database.bells.forget(self._news)
        self._bus.database.bells.forget(self._moves)
        for held in self._held.values():
            held.open = False
        try:
            await self._beating(self._tell_revoked(frozenset(self._held) | self._lost))
        finally:
            self._held.clear()
            with contextlib.suppress(BusUnavailable):  # then the session times out
                await self._bus.write(lambda c: consumer_groups.leave(c, self._group, self.name), self._calls)

    # --- reading ---

    async def poll(self, max_records: int, timeout: float) -> Mapping[TopicPartition, Sequence[Record]]:
        assert self._news is not None, "poll before start"
        until = time.monotonic() + timeout
        while True:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            taken = self._take(max_records)
            if not taken and (self._news.rung.is_set() or time.monotonic() >= self._look_at):
                self._news.rung.clear()
                await self._fetch(max_records)
                taken = self._take(max_records)
            now = time.monotonic()
            if taken or now >= until:
                return taken
            await self._news.wait(min(until, self._look_at) - now)

    def _take(self, max_records: int) -> dict[TopicPartition, Sequence[Record]]:
        taken: dict[TopicPartition, Sequence[Record]] = {}
        for held in list(self._held.values()):
            if not (held.open and held.ahead) or max_records <= 0:
                continue
            taken[held.name], held.ahead = held.ahead[:max_records], held.ahead[max_records:]
            max_records -= len(taken[held.name])
            held.position = taken[held.name][-1].offset + 1
            self._held[held.name] = self._held.pop(held.name)  # round robin: served last
        return taken

    async def _fetch(self, limit: int) -> None:
        wanted = {h.id: h for h in self._held.values() if h.open and not h.ahead}
        asked = {id: (held.name, held.position) for id, held in wanted.items()}
        self._look_at = time.monotonic() + _LOOK_AGAIN
        if not asked:
            return
        ends, found = await self._bus.ask(lambda connection: log.fetch(connection, asked, limit))
        for id, records in found.items():
            held = wanted[id]
            if held.position == asked[id][1] and not held.ahead:  # else a seek moved it meanwhile
                held.ahead = records
                if not records:
                    held.position = ends[id]  # the records there were deleted
        if any(asked[id][1] < end for id, end in ends.items()):
            self._look_at = 0.0  # there may be more than this

    async def lag(self) -> Mapping[TopicPartition, int]:
        held = list(self._held.values())
        ends = await self._bus.ask(lambda connection: log.ends_of(connection, [one.id for one in held]))
        return {one.name: max(0, ends[one.id] - one.position) for one in held}

    def seek(self, place: TopicPartition, offset: int) -> None:
        held = self._held.get(place)
        if held is None:
            raise PartitionLost(f"{place.topic}/{place.partition}")
        held.position, held.ahead = offset, []
        self._look_at = 0.0

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._held)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        gone = [place for place in offsets if place not in self._held]
        if not gone and offsets:
            generations = {place.partition: self._held[place].generation for place in offsets}
            by_id = {self._held[place].id: offset for place, offset in offsets.items()}
            lost = await self._bus.write(
                lambda c: consumer_groups.commit(c, self._group, self.name, generations, by_id))
            gone = [place for place in offsets if place.partition in lost]
            self._drop(set(lost))
        if gone:
            raise PartitionLost(", ".join(f"{place.topic}/{place.partition}" for place in sorted(gone)))

    # --- belonging ---

    async def _belong(self) -> None:
        assert self._moves is not None
        while self._task is not None:
            self._moves.rung.clear()
            try:
                await self._balance()
            except BusUnavailable:
                pass  # the next commit checks the leases
            except Exception as error:
                self._fail(error)
            await self._moves.wait(self._bus.heartbeat)

    async def _balance(self) -> None:
        total = max((name.partition + 1 for name in self._names.values()), default=0)
        standing = await self._bus.write(
            lambda c: consumer_groups.balance(c, self._group, self.name, self._bus.session, total)
        )
        mine = {name.partition: held.generation for name, held in self._held.items()}
        self._drop({number for number, generation in mine.items() if standing.held.get(number) != generation})
        if self._lost:
            lost, self._lost = frozenset(self._lost), set()
            await self._beating(self._tell_revoked(lost))
        surplus = sorted(standing.held)[standing.quota :]
        if surplus:
            await self._give_up(surplus)
        fresh = {n: g for n, g in standing.held.items() if mine.get(n) != g and n not in surplus}
        if fresh:
            await self._take_on(fresh)

    async def _give_up(self, numbers: Sequence[int]) -> None:
        places = frozenset(place for place in self._held if place.partition in numbers)
        for place in places:
            self._held[place].open = False
        try:
            await self._beating(self._tell_revoked(places))
        except Exception:
            for place in places & self._held.keys():
                self._held[place].open = True  # not released; retried
            raise
        for place in places:
            self._held.pop(place, None)
        await self._bus.write(lambda c: consumer_groups.release(c, self._group, self.name, numbers), self._calls)

    async def _take_on(self, generations: Mapping[int, int]) -> None:
        committed = await self._bus.ask(lambda connection: consumer_groups.committed(connection, self._group))
        ends = await self._bus.ask(lambda connection: log.ends_of(connection, list(self._names)))
        begins = await self._bus.ask(lambda connection: log.begins_of(connection, list(self._names)))
        fresh = [
            _Held(id, name, generations[name.partition], max(committed.get(id, 0), begins[id]))
            for id, name in self._names.items() if name.partition in generations
        ]
        for held in fresh:
            if held.position > ends[held.id]:
                raise LogRecreated(
                    f"{held.name}: committed offset {held.position} is beyond the end of the log, {ends[held.id]}"
                )
        self._held |= {held.name: held for held in fresh}
        try:
            if self._on_assigned:
                await self._beating(self._on_assigned(frozenset(held.name for held in fresh)))
        except Exception:
            for held in fresh:
                self._held.pop(held.name, None)  # retried
            raise
        for held in fresh:
            held.open = True
        self._look_at = 0.0
        self._wake()

    async def _beating(self, work: Awaitable[None]) -> None:
        """Awaits the work while sending heartbeats, however long it takes."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=self._bus.heartbeat))[0]:
                with contextlib.suppress(BusUnavailable):
                    await self._bus.write(
                        lambda c: consumer_groups.heartbeat(c, self._group, self.name, self._bus.session)
                    )
            task.result()
        finally:
            task.cancel()

    async def _tell_revoked(self, places: frozenset[TopicPartition]) -> None:
        if self._on_revoked and places:
            await self._on_revoked(places)

    def _drop(self, numbers: set[int]) -> None:
        gone = {place for place in self._held if place.partition in numbers}
        for place in gone:
            del self._held[place]
        if gone:
            self._lost |= gone
            if self._moves is not None:
                self._moves.rung.set()

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.rung.set()
