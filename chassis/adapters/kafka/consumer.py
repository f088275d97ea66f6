"""Consumer group member on aiokafka: raw records, explicit commits, rebalance callbacks between two polls."""
import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from chassis.adapters.kafka.errors import kafka_errors
from chassis.adapters.kafka.fetcher import PartitionFetcher, committed_of
from chassis.ports import BusUnavailable, LogRecreated, PartitionCallback, PartitionLost, Record, TopicPartition
from chassis.support import failpoints

log = logging.getLogger(__name__)

COMMIT_WITHIN = 15.0  # seconds
RETRY_SECONDS = 0.5
HANDOVER_SECONDS = 5.0  # seconds that a revocation waits for the current batch


class KafkaConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """`open_member()` creates the aiokafka consumer, not started; `check()` raises before it may join.

    aiokafka runs the callbacks in its own task. Here they wait until `poll` is called again, so that no batch is in
    progress during a rebalance (at most HANDOVER: then the commit of that batch is refused and its effects are fenced).
    aiokafka has eager assignors only: every rebalance revokes and reassigns all partitions.
    """

    def __init__(
        self, open_member: Callable[[], AIOKafkaConsumer], check: Callable[[], Awaitable[None]],
        topics: Sequence[str], on_assigned: PartitionCallback | None, on_revoked: PartitionCallback | None,
    ) -> None:
        self._open_member, self._check = open_member, check
        self._topics = tuple(dict.fromkeys(topics))
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._member: AIOKafkaConsumer | None = None
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._reader: PartitionFetcher | None = None
        self._fetching: asyncio.Task[dict[TopicPartition, Sequence[Record]]] | None = None
        self._assigning: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()  # cleared during a rebalance
        self._idle = asyncio.Event()  # set while no polled batch is being processed
        self._idle.set()
        self._failure: Exception | None = None

    async def start(self) -> None:
        await self._check()
        self._member = self._open_member()
        self._reader = PartitionFetcher(self._member)
        with kafka_errors("joining the group"):
            try:
                await self._member.start()
                self._member.subscribe(self._topics, listener=self)
            except BaseException:
                await self._member.stop()
                raise

    async def stop(self) -> None:
        """Leaves the group; partitions are revoked first, so that the last commit still counts."""
        member, self._member = self._member, None
        if member is None:
            return
        try:
            await self._cancel_assigning()
            await self._cancel_fetching()
            self._member = member
            await self._revoke()
        finally:
            self._member = None
            _leave_as_dynamic_member(member)
            with kafka_errors("leaving the group"):
                await member.stop()

    async def poll(self, max_records: int, timeout: float) -> Mapping[TopicPartition, Sequence[Record]]:
        reader = self._running()
        self._idle.set()
        if not self._settled.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._settled.wait()
        self._raise_failure()
        if not self._settled.is_set():
            return {}
        if self._fetching is None:
            self._fetching = asyncio.create_task(reader.fetch(max_records, timeout))
        fetching = self._fetching
        # a cancelled poll leaves the fetch to the next one: it may already have moved the position
        await asyncio.wait({fetching})
        if self._fetching is not fetching:  # cancelled by a rebalance
            return {}
        self._fetching = None
        with kafka_errors("reading"):
            try:
                fetched = fetching.result()
            except LogRecreated as error:
                self._failure = error
                raise
        if fetched:
            self._idle.clear()
        return fetched

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if not offsets:
            return
        lost = sorted(offsets.keys() - self._assigned)
        if lost or self._member is None:
            raise PartitionLost(", ".join(f"{p.topic}/{p.partition}" for p in lost or sorted(offsets)))
        named = {KafkaPartition(*partition): offset for partition, offset in offsets.items()}
        with kafka_errors("committing"):
            try:
                async with asyncio.timeout(COMMIT_WITHIN):
                    failpoints.reach("kafka.commit.before")
                    await self._member.commit(named)
                    failpoints.reach("kafka.commit.after")
            except (CommitFailedError, IllegalStateError) as error:
                raise PartitionLost(str(error)) from error

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._assigned or self._reader is None:
            raise PartitionLost(f"{partition.topic}/{partition.partition}")
        try:
            self._reader.seek(partition, offset)
        except IllegalStateError as error:
            raise PartitionLost(str(error)) from error

    def assignment(self) -> frozenset[TopicPartition]:
        return self._assigned

    async def lag(self) -> Mapping[TopicPartition, int]:
        assigned = self._assigned
        if not assigned:
            return {}
        with kafka_errors("reading the end of the log"):
            reader = self._running()
            ends = await reader.consumer.end_offsets([KafkaPartition(*partition) for partition in assigned])
        return {p: max(0, ends[KafkaPartition(*p)] - reader.next[p]) for p in assigned if p in reader.next}

    # --- called by aiokafka, in its own task -------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: object) -> None:
        self._settled.clear()
        await self._cancel_assigning()
        await self._cancel_fetching()
        try:
            await asyncio.wait_for(self._idle.wait(), HANDOVER_SECONDS)
        except TimeoutError:
            log.warning("rebalance while a batch is still being processed")
        try:
            await self._revoke()
        except Exception as error:
            self._failure = error

    async def on_partitions_assigned(self, assigned: set[KafkaPartition]) -> None:
        """Returns at once: aiokafka sends no heartbeat before it returns, and taking over may outlast the session."""
        self._assigning = asyncio.create_task(self._assign({TopicPartition(*partition) for partition in assigned}))

    async def _assign(self, partitions: set[TopicPartition]) -> None:
        """Retries until done or until the partitions are revoked again: brokers may not answer yet."""
        try:
            while partitions and self._reader is not None:
                try:
                    await self._find_positions(self._reader, partitions)
                    break
                except BusUnavailable as error:
                    log.warning("%s; retrying", error)
                    await asyncio.sleep(RETRY_SECONDS)
            if partitions:
                self._assigned = frozenset(partitions)
                if self._on_assigned:
                    await self._on_assigned(self._assigned)
        except Exception as error:  # not awaited; the next poll raises it
            self._failure = error
        self._settled.set()

    async def _cancel_assigning(self) -> None:
        """Cancels taking over if it is still running; partitions taken so far are revoked like the others."""
        assigning, self._assigning = self._assigning, None
        if assigning is not None:
            assigning.cancel()
            await asyncio.wait({assigning})

    async def _revoke(self) -> None:
        assigned = self._assigned
        try:
            if assigned and self._on_revoked:
                await self._on_revoked(assigned)
        finally:
            self._assigned = frozenset()
            if self._reader is not None:
                self._reader.next.clear()

    async def _find_positions(self, reader: PartitionFetcher, partitions: set[TopicPartition]) -> None:
        """Refuses a position outside the log, which aiokafka would silently reset to the beginning."""
        named = [KafkaPartition(*partition) for partition in partitions]
        with kafka_errors("reading positions"):
            async with asyncio.timeout(COMMIT_WITHIN):
                begin = await reader.consumer.beginning_offsets(named)
                end = await reader.consumer.end_offsets(named)
                committed = await committed_of(reader.consumer, named)
        for kafka_partition in named:
            partition = TopicPartition(*kafka_partition)
            first, last = begin[kafka_partition], end[kafka_partition]
            position = committed.get(partition, first)
            if not first <= position <= last:
                raise LogRecreated(
                    f"{partition.topic}/{partition.partition} has offsets {first} to {last}; the committed position is "
                    f"{position}",
                )
            reader.next[partition] = position

    async def _cancel_fetching(self) -> None:
        """Discards a running fetch: after a rebalance the position is the committed offset again."""
        fetching, self._fetching = self._fetching, None
        if fetching is not None:
            fetching.cancel()
            await asyncio.wait({fetching})
            if not fetching.cancelled():
                fetching.exception()

    def _running(self) -> PartitionFetcher:
        if self._member is None or self._reader is None:
            raise BusUnavailable("the consumer is not started")
        return self._reader

    def _raise_failure(self) -> None:
        """Raises the failure that ended this member; the watchdog replaces it."""
        if self._failure is not None:
            raise self._failure


def _leave_as_dynamic_member(member: AIOKafkaConsumer) -> None:
    """aiokafka sends a leave request only for members without a static name, and has no setting for it. A static member
    would keep its partitions for a whole session without reading them."""
    if member._coordinator is not None:
        member._coordinator._group_instance_id = None
