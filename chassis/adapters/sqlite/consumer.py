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

_POLL_SECONDS = 1.0  # seconds: a wakeup may have been lost


@dataclass(slots=True)
class _Assigned:
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
        self._held: dict[TopicPartition, _Assigned] = {}
        self._lost: set[TopicPartition] = set()  # lost to another member, `on_revoked` not called yet
        self._names: dict[int, TopicPartition] = {}
        self._group_topic = (f"group {group}",)
        self._record_waiter: WakeupWaiter | None = None
        self._group_waiter: WakeupWaiter | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._poll_at = 0.0

    async def start(self) -> None:
        self._names = await self._bus.names(self._topics)
        self._record_waiter = self._bus.database.bells.listen(self._topics)
        self._group_waiter = self._bus.database.bells.listen(self._group_topic)
        await self._bus.write(
            lambda c: consumer_groups.heartbeat(c, self._group, self.name, self._bus.session), self._group_topic
        )
        self._task = asyncio.create_task(self._run_membership(), name=f"member of {self._group}")

    async def stop(self) -> None:
        if self._task is None or self._record_waiter is None or self._group_waiter is None:
            return
        task, self._task = self._task, None
        task.cancel()
        await asyncio.wait({task})
        self._bus.database.bells.forget(self._record_waiter)
        self._bus.database.bells.forget(self._group_waiter)
        for held in self._held.values():
            held.open = False
        try:
            await self._with_heartbeats(self._notify_revoked(frozenset(self._held) | self._lost))
        finally:
            self._held.clear()
            with contextlib.suppress(BusUnavailable):  # then the session times out
                await self._bus.write(lambda c: consumer_groups.leave(c, self._group, self.name), self._group_topic)

    # --- reading ---

    async def poll(self, max_records: int, timeout: float) -> Mapping[TopicPartition, Sequence[Record]]:
        assert self._record_waiter is not None, "poll before start"
        until = time.monotonic() + timeout
        while True:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            records = self._take(max_records)
            if not records and (self._record_waiter.rung.is_set() or time.monotonic() >= self._poll_at):
                self._record_waiter.rung.clear()
                await self._fetch(max_records)
                records = self._take(max_records)
            now = time.monotonic()
            if records or now >= until:
                return records
            await self._record_waiter.wait(min(until, self._poll_at) - now)

    def _take(self, max_records: int) -> dict[TopicPartition, Sequence[Record]]:
        batches: dict[TopicPartition, Sequence[Record]] = {}
        for held in list(self._held.values()):
            if not (held.open and held.ahead) or max_records <= 0:
                continue
            batches[held.name], held.ahead = held.ahead[:max_records], held.ahead[max_records:]
            max_records -= len(batches[held.name])
            held.position = batches[held.name][-1].offset + 1
            self._held[held.name] = self._held.pop(held.name)  # round robin: served last
        return batches

    async def _fetch(self, limit: int) -> None:
        readable = {h.id: h for h in self._held.values() if h.open and not h.ahead}
        requested = {id: (held.name, held.position) for id, held in readable.items()}
        self._poll_at = time.monotonic() + _POLL_SECONDS
        if not requested:
            return
        ends, fetched = await self._bus.ask(lambda connection: log.fetch(connection, requested, limit))
        for id, records in fetched.items():
            held = readable[id]
            if held.position == requested[id][1] and not held.ahead:  # else a seek moved it meanwhile
                held.ahead = records
                if not records:
                    held.position = ends[id]  # the records there were deleted
        if any(requested[id][1] < end for id, end in ends.items()):
            self._poll_at = 0.0  # there may be more than this

    async def lag(self) -> Mapping[TopicPartition, int]:
        held = list(self._held.values())
        ends = await self._bus.ask(lambda connection: log.ends_of(connection, [one.id for one in held]))
        return {one.name: max(0, ends[one.id] - one.position) for one in held}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        held = self._held.get(partition)
        if held is None:
            raise PartitionLost(f"{partition.topic}/{partition.partition}")
        held.position, held.ahead = offset, []
        self._poll_at = 0.0

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._held)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        lost_partitions = [partition for partition in offsets if partition not in self._held]
        if not lost_partitions and offsets:
            generations = {partition.partition: self._held[partition].generation for partition in offsets}
            by_id = {self._held[partition].id: offset for partition, offset in offsets.items()}
            lost = await self._bus.write(
                lambda c: consumer_groups.commit(c, self._group, self.name, generations, by_id))
            lost_partitions = [partition for partition in offsets if partition.partition in lost]
            self._drop(set(lost))
        if lost_partitions:
            raise PartitionLost(", ".join(f"{p.topic}/{p.partition}" for p in sorted(lost_partitions)))

    # --- belonging ---

    async def _run_membership(self) -> None:
        assert self._group_waiter is not None
        while self._task is not None:
            self._group_waiter.rung.clear()
            try:
                await self._balance()
            except BusUnavailable:
                pass  # the next commit checks the leases
            except Exception as error:
                self._fail(error)
            await self._group_waiter.wait(self._bus.heartbeat)

    async def _balance(self) -> None:
        total = max((name.partition + 1 for name in self._names.values()), default=0)
        group = await self._bus.write(
            lambda c: consumer_groups.balance(c, self._group, self.name, self._bus.session, total)
        )
        own = {name.partition: held.generation for name, held in self._held.items()}
        self._drop({number for number, generation in own.items() if group.held.get(number) != generation})
        if self._lost:
            lost, self._lost = frozenset(self._lost), set()
            await self._with_heartbeats(self._notify_revoked(lost))
        surplus = sorted(group.held)[group.quota :]
        if surplus:
            await self._give_up(surplus)
        fresh = {n: g for n, g in group.held.items() if own.get(n) != g and n not in surplus}
        if fresh:
            await self._take_over(fresh)

    async def _give_up(self, numbers: Sequence[int]) -> None:
        partitions = frozenset(partition for partition in self._held if partition.partition in numbers)
        for partition in partitions:
            self._held[partition].open = False
        try:
            await self._with_heartbeats(self._notify_revoked(partitions))
        except Exception:
            for partition in partitions & self._held.keys():
                self._held[partition].open = True  # not released; retried
            raise
        for partition in partitions:
            self._held.pop(partition, None)
        await self._bus.write(lambda c: consumer_groups.release(c, self._group, self.name, numbers), self._group_topic)

    async def _take_over(self, generations: Mapping[int, int]) -> None:
        committed = await self._bus.ask(lambda connection: consumer_groups.committed(connection, self._group))
        ends = await self._bus.ask(lambda connection: log.ends_of(connection, list(self._names)))
        begins = await self._bus.ask(lambda connection: log.begins_of(connection, list(self._names)))
        fresh = [
            _Assigned(id, name, generations[name.partition], max(committed.get(id, 0), begins[id]))
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
                await self._with_heartbeats(self._on_assigned(frozenset(held.name for held in fresh)))
        except Exception:
            for held in fresh:
                self._held.pop(held.name, None)  # retried
            raise
        for held in fresh:
            held.open = True
        self._poll_at = 0.0
        self._wake()

    async def _with_heartbeats(self, work: Awaitable[None]) -> None:
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

    async def _notify_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        if self._on_revoked and partitions:
            await self._on_revoked(partitions)

    def _drop(self, numbers: set[int]) -> None:
        lost = {partition for partition in self._held if partition.partition in numbers}
        for partition in lost:
            del self._held[partition]
        if lost:
            self._lost |= lost
            if self._group_waiter is not None:
                self._group_waiter.rung.set()

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._wake()

    def _wake(self) -> None:
        if self._record_waiter is not None:
            self._record_waiter.rung.set()
