"""`ports.Bus` on Kafka."""
import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream.kafka import KafkaBroker

from chassis.adapters.kafka.cluster_checks import weak_producer
from chassis.adapters.kafka.consumer import KafkaConsumer
from chassis.adapters.kafka.consumer_groups import ConsumerGroupAdmin
from chassis.adapters.kafka.errors import kafka_errors
from chassis.adapters.kafka.fetcher import PartitionFetcher, committed_of
from chassis.adapters.kafka.producer import ReplaceableProducer
from chassis.adapters.kafka.topics import TopicAdmin
from chassis.ports import BusUnavailable, Outgoing, PartitionCallback, Record, TopicPartition, UnsafeSetting
from chassis.ports.partitioner import partition_of

REQUEST_WITHIN = 10.0  # seconds for one request to a broker
SEND_WITHIN = 15.0  # seconds for a whole publish
BATCH_BYTES = 512 * 1024  # below the 1 MiB that a broker takes by default
READ_AT_ONCE = 32  # partitions read at once for one record each; each response holds up to 1 MiB
FETCH_WAIT_MS = 50  # bounds the fetch that a drained partition joins next; 10 is not faster and idles at 7 %


class KafkaBus:
    """`bootstrap`: "host:port,host:port". `session`: session timeout in seconds. `instance`: static member name; a
    restarted process takes its partitions over without waiting for the session timeout. `copies`: see `TopicAdmin`.
    `producer`: overrides of producer settings; `start` refuses unsafe ones."""

    def __init__(
        self, bootstrap: str, *, session: float = 45.0, instance: str | None = None, send_within: float = SEND_WITHIN,
        copies: int | None = None, producer: Mapping[str, Any] | None = None,
    ) -> None:
        self._session = session
        self._instance = instance
        self._send_within = send_within
        common: dict[str, Any] = {
            "bootstrap_servers": bootstrap.split(","), "client_id": "triptych",
            "request_timeout_ms": int(REQUEST_WITHIN * 1000),
        }
        producer_settings: dict[str, Any] = {
            "acks": "all", "enable_idempotence": True, "linger_ms": 0, "max_batch_size": BATCH_BYTES,
            **(producer or {}),
        }
        self._findings = weak_producer(producer_settings)
        self._producer = ReplaceableProducer(common | producer_settings)
        self.broker = KafkaBroker(**common, **producer_settings, logger=None, apply_types=False)
        self.broker.config.broker_config.producer = self._producer
        self._topics = TopicAdmin(self.broker, 2 * REQUEST_WITHIN, copies)
        self._groups = ConsumerGroupAdmin(self.broker, self._topics)
        self._open: Callable[..., AIOKafkaConsumer] | None = None
        self._query_consumer: AIOKafkaConsumer | None = None
        self._query_lock = asyncio.Lock()

    async def start(self) -> None:
        """Connects. Raises BusUnavailable when no broker answers, UnsafeSetting for settings that can lose records."""
        if self._findings:
            raise UnsafeSetting("\n".join(each.text for each in self._findings))
        with kafka_errors("connecting to Kafka"):
            try:
                async with asyncio.timeout(2 * REQUEST_WITHIN):
                    self._open = await self.broker.connect()
                    await self.broker.start()
            except BaseException:
                await self.broker.stop()
                raise

    async def stop(self) -> None:
        query_consumer, self._query_consumer = self._query_consumer, None
        with kafka_errors("closing"):
            if query_consumer is not None:
                await query_consumer.stop()
            await self.broker.stop()

    @property
    def replaced_producers(self) -> int:
        return self._producer.replaced_producers

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        await self._topics.ensure(topics)

    async def groups(self) -> Mapping[str, int]:
        return await self._groups.listed()

    async def remove_group(self, group: str) -> None:
        await self._groups.remove(group)

    async def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        requests = {KafkaPartition(*partition): RecordsToDelete(offset) for partition, offset in offsets.items()}
        await self._topics.asked(lambda: self.broker.config.admin_client.delete_records(requests))

    async def identity(self) -> str:
        return await self._topics.identity()

    # --- publishing --------------------------------------------------------------------------------------------------

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if not messages:
            return
        by_partition: dict[TopicPartition, list[Outgoing]] = {}
        await self._topics.places([message.topic for message in messages])
        for message in messages:
            by_partition.setdefault(self._partition(message), []).append(message)
        with kafka_errors("publishing"):
            try:
                async with asyncio.timeout(self._send_within):
                    sent = [self._sent(partition, its) for partition, its in by_partition.items()]
                    outcomes = await asyncio.gather(*sent, return_exceptions=True)
            except TimeoutError:
                self._producer.discard()
                raise
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _sent(self, partition: TopicPartition, messages: Sequence[Outgoing]) -> None:
        """Publishes through FastStream, so that its middlewares count and trace."""
        if len(messages) == 1:
            await self.broker.publish(messages[0], partition.topic, partition=partition.partition)
        else:
            await self.broker.publish_batch(*messages, topic=partition.topic, partition=partition.partition)

    def _partition(self, message: Outgoing) -> TopicPartition:
        count = self._topics.count(message.topic)
        if message.partition is None:
            return TopicPartition(message.topic, partition_of(message.key, count))
        if not 0 <= message.partition < count:
            raise BusUnavailable(f"topic {message.topic!r} has no partition {message.partition}")
        return TopicPartition(message.topic, message.partition)

    # --- reading -----------------------------------------------------------------------------------------------------

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        on_assigned: PartitionCallback | None = None,
        on_revoked: PartitionCallback | None = None,
    ) -> KafkaConsumer:
        def member() -> AIOKafkaConsumer:
            return self._opened(
                group_id=group, group_instance_id=self._instance, auto_offset_reset="earliest",
                session_timeout_ms=int(self._session * 1000),
                heartbeat_interval_ms=int(min(1.0, self._session / 5) * 1000),
                rebalance_timeout_ms=int(max(self._session, 60.0) * 1000),
                # range assignment gives partition i of all topics to one member while all have the same count
                partition_assignment_strategy=(RangePartitionAssignor,),
            )

        async def check() -> None:
            partitions = await self._topics.places(topics)
            counts = {topic: sum(partition.topic == topic for partition in partitions) for topic in topics}
            most = max(counts.values(), default=0)
            different = [f"{topic!r} has {n} partitions" for topic, n in counts.items() if n != most]
            if different:
                raise UnsafeSetting(
                    f"{', '.join(different)} instead of {most} partitions like the other topics of group {group!r}"
                )

        return KafkaConsumer(member, check, topics, on_assigned, on_revoked)

    async def read(self, partition: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        if partition not in await self._topics.places([partition.topic]):
            raise BusUnavailable(f"topic {partition.topic!r} has no partition {partition.partition}")
        kafka_partition = KafkaPartition(*partition)
        records: list[Record] = []
        with kafka_errors("reading"):
            async with asyncio.timeout(2 * REQUEST_WITHIN), self._query_lock:
                query_consumer = await self._open_query_consumer()
                end = (await query_consumer.end_offsets([kafka_partition]))[kafka_partition]
                begin = (await query_consumer.beginning_offsets([kafka_partition]))[kafka_partition]
                if max(offset, begin) >= end:
                    return records
                query_consumer.assign([kafka_partition])
                reader = PartitionFetcher(query_consumer)
                reader.seek(partition, max(offset, begin))
                while reader.next[partition] < end and len(records) < limit:
                    fetched = await reader.fetch(limit - len(records), 1.0)
                    records += [record for record in fetched.get(partition, ()) if record.offset < end]
        return records

    async def read_each(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Record]:
        """Reads many partitions at once; one partition alone takes four sequential requests."""
        records_read: dict[TopicPartition, Record] = {}
        with kafka_errors("reading"):
            async with asyncio.timeout(2 * REQUEST_WITHIN), self._query_lock:
                query_consumer = await self._open_query_consumer()
                named = [KafkaPartition(*partition) for partition in offsets]
                begins, ends = await query_consumer.beginning_offsets(named), await query_consumer.end_offsets(named)
                existing = [partition for partition, offset in offsets.items()
                            if begins[KafkaPartition(*partition)] <= offset < ends[KafkaPartition(*partition)]]
                for at in range(0, len(existing), READ_AT_ONCE):
                    remaining = set(existing[at : at + READ_AT_ONCE])
                    query_consumer.assign([KafkaPartition(*partition) for partition in remaining])
                    reader = PartitionFetcher(query_consumer)
                    for partition in remaining:
                        reader.seek(partition, offsets[partition])
                    while remaining:
                        for partition, records in (await reader.fetch(1, 1.0, remaining)).items():
                            remaining.discard(partition)
                            if records[0].offset == offsets[partition]:
                                records_read[partition] = records[0]
        return records_read

    async def tail(self, topics: Sequence[str], start: Literal["beginning", "end"] = "end") -> AsyncIterator[Record]:
        from_end = start == "end"
        positions = await (self.end_offsets(topics) if from_end else self.begin_offsets(topics))
        follower = self._opened(auto_offset_reset="none")
        try:
            with kafka_errors("following the log"):
                await follower.start()
                follower.assign([KafkaPartition(*partition) for partition in positions])
                reader = PartitionFetcher(follower)
                for partition, offset in positions.items():
                    reader.seek(partition, offset)
            while True:
                with kafka_errors("following the log"):
                    fetched = await reader.fetch(500, 60.0)
                for records in fetched.values():
                    for record in records:
                        yield record
        finally:
            await follower.stop()

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._offsets(topics, "end_offsets")

    async def begin_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._offsets(topics, "beginning_offsets")

    async def _offsets(self, topics: Sequence[str], which: str) -> dict[TopicPartition, int]:
        partitions = [KafkaPartition(*partition) for partition in await self._topics.places(topics)]
        if not partitions:
            return {}
        with kafka_errors("reading offsets"):
            async with asyncio.timeout(2 * REQUEST_WITHIN), self._query_lock:
                offsets = await getattr(await self._open_query_consumer(), which)(partitions)
        return {TopicPartition(*partition): offset for partition, offset in offsets.items()}

    async def committed(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """Read through a consumer, which retries where the admin client would answer "nothing committed"."""
        partitions = await self._topics.places(topics)
        query_consumer = self._opened(group_id=group)
        with kafka_errors("reading committed offsets"):
            try:
                async with asyncio.timeout(2 * REQUEST_WITHIN):
                    await query_consumer.start()
                    return await committed_of(query_consumer, [KafkaPartition(*partition) for partition in partitions])
            finally:
                await query_consumer.stop()

    def _opened(self, **settings: Any) -> AIOKafkaConsumer:
        if self._open is None:
            raise BusUnavailable("the bus is not started")
        return self._open(enable_auto_commit=False, fetch_max_wait_ms=FETCH_WAIT_MS, **settings)

    async def _open_query_consumer(self) -> AIOKafkaConsumer:
        """A shared consumer without a group for short queries; callers hold the lock `_asking`."""
        if self._query_consumer is None:
            query_consumer = self._opened(auto_offset_reset="none")
            try:
                await query_consumer.start()
            except BaseException:
                await query_consumer.stop()
                raise
            self._query_consumer = query_consumer
        return self._query_consumer

