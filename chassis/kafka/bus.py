"""`ports.Bus` on Kafka."""
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPlace
from aiokafka.admin import NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from faststream.kafka import KafkaBroker

from chassis.kafka.consumer import KafkaConsumer, record_of
from chassis.kafka.errors import kafka_errors
from chassis.kafka.producer import ExactProducer
from chassis.partitioner import partition_of
from chassis.ports import BusUnavailable, Moved, Outgoing, Record, TopicPartition

T = TypeVar("T")

REQUEST_WITHIN = 10.0  # seconds for one request to a broker
SEND_WITHIN = 15.0  # seconds for a whole publish
BATCH_BYTES = 512 * 1024  # below the 1 MiB that a broker takes by default
FETCH_WAIT_MS = 50  # a partition just drained joins the next fetch, which this bounds; 10 is no faster and idles at 7 %


class KafkaBus:
    """`bootstrap`: "host:port,host:port". `session`: seconds after which a silent member counts as dead."""

    def __init__(self, bootstrap: str, *, session: float = 45.0, send_within: float = SEND_WITHIN) -> None:
        self._session = session
        self._send_within = send_within
        common: dict[str, Any] = {
            "bootstrap_servers": bootstrap.split(","), "client_id": "triptych",
            "request_timeout_ms": int(REQUEST_WITHIN * 1000),
        }
        leaving: dict[str, Any] = {
            "acks": "all", "enable_idempotence": True, "linger_ms": 0, "max_batch_size": BATCH_BYTES,
        }
        self._producer = ExactProducer(common | leaving)
        self.broker = KafkaBroker(**common, **leaving, logger=None, apply_types=False)
        self.broker.config.broker_config.producer = self._producer
        self._open: Callable[..., AIOKafkaConsumer] | None = None
        self._reader: AIOKafkaConsumer | None = None
        self._reading = asyncio.Lock()
        self._counts: dict[str, int] = {}

    async def start(self) -> None:
        """Connect. Raises BusUnavailable when no broker answers."""
        with kafka_errors("connecting to Kafka"):
            try:
                async with asyncio.timeout(2 * REQUEST_WITHIN):
                    self._open = await self.broker.connect()
                    await self.broker.start()
            except BaseException:
                await self.broker.stop()
                raise

    async def stop(self) -> None:
        reader, self._reader = self._reader, None
        with kafka_errors("closing"):
            if reader is not None:
                await reader.stop()
            await self.broker.stop()

    # --- topics ------------------------------------------------------------------------------------------------------

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        for topic, partitions in topics.items():
            if partitions < 1:
                raise ValueError(f"topic {topic!r} cannot have {partitions} partitions")
        standing = await self._described(list(topics))
        _refuse_other_counts(topics, standing)
        missing = {topic: n for topic, n in topics.items() if topic not in standing}
        if missing:
            await self._create(missing)
            _refuse_other_counts(topics, await self._created(list(topics)))

    async def _create(self, topics: Mapping[str, int]) -> None:
        cluster = await self._asked(lambda: self.broker.config.admin_client.describe_cluster())
        copies = min(3, len(cluster["brokers"]))
        settings = {
            "message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "cleanup.policy": "delete",
            "min.insync.replicas": "2" if copies > 2 else "1", "unclean.leader.election.enable": "false",
        }
        wanted = [NewTopic(topic, n, copies, topic_configs=settings) for topic, n in topics.items()]
        answer = await self._asked(lambda: self.broker.config.admin_client.create_topics(wanted))
        for topic, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:  # another process made it at the same time
                raise BusUnavailable(f"topic {topic!r} could not be made: {error.__name__}")

    async def _created(self, topics: list[str]) -> dict[str, int]:
        """Every broker hears of a new topic a little later than the controller."""
        until = asyncio.get_running_loop().time() + 2 * REQUEST_WITHIN
        while True:
            standing = await self._described(topics)
            if len(standing) == len(topics):
                return standing
            if asyncio.get_running_loop().time() > until:
                raise BusUnavailable(f"still missing: {', '.join(sorted(set(topics) - standing.keys()))}")
            await asyncio.sleep(0.05)

    async def _described(self, topics: list[str]) -> dict[str, int]:
        """How many partitions each has, all with a leader; those that are missing are left out."""
        if not topics:
            return {}
        found = await self._asked(lambda: self.broker.config.admin_client.describe_topics(topics))
        counts = {}
        for topic in found:
            error = for_code(topic["error_code"])
            if not topic["error_code"] and all(p["leader"] >= 0 for p in topic["partitions"]):
                counts[topic["topic"]] = len(topic["partitions"])
            elif topic["error_code"] and error is not UnknownTopicOrPartitionError and not error.retriable:
                raise BusUnavailable(f"topic {topic['topic']!r}: {error.__name__}")
        return counts

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until Kafka answers: right after a start or an election its first answers are "not yet"."""
        with kafka_errors("asking Kafka"):
            async with asyncio.timeout(2 * REQUEST_WITHIN):
                while True:
                    try:
                        return await ask()
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                    await asyncio.sleep(0.1)

    async def places(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Every partition of the topics; the numbers are frozen, so they are asked for once."""
        unknown = [topic for topic in dict.fromkeys(topics) if topic not in self._counts]
        if unknown:
            self._counts |= await self._described(unknown)
        for topic in topics:
            if topic not in self._counts:
                raise BusUnavailable(f"there is no topic {topic!r}")
        return [TopicPartition(t, p) for t in dict.fromkeys(topics) for p in range(self._counts[t])]

    # --- publishing --------------------------------------------------------------------------------------------------

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if not messages:
            return
        by_place: dict[TopicPartition, list[Outgoing]] = {}
        await self.places([message.topic for message in messages])
        for message in messages:
            by_place.setdefault(self._place(message), []).append(message)
        with kafka_errors("publishing"):
            try:
                async with asyncio.timeout(self._send_within):
                    sent = [self._sent(place, its) for place, its in by_place.items()]
                    outcomes = await asyncio.gather(*sent, return_exceptions=True)
            except TimeoutError:
                self._producer.discard()
                raise
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _sent(self, place: TopicPartition, messages: Sequence[Outgoing]) -> None:
        """Through FastStream, so that its middlewares count and trace it."""
        if len(messages) == 1:
            await self.broker.publish(messages[0], place.topic, partition=place.partition)
        else:
            await self.broker.publish_batch(*messages, topic=place.topic, partition=place.partition)

    def _place(self, message: Outgoing) -> TopicPartition:
        count = self._counts[message.topic]
        if message.partition is None:
            return TopicPartition(message.topic, partition_of(message.key, count))
        if not 0 <= message.partition < count:
            raise BusUnavailable(f"topic {message.topic!r} has no partition {message.partition}")
        return TopicPartition(message.topic, message.partition)

    # --- reading -----------------------------------------------------------------------------------------------------

    def consumer(
        self, group: str, topics: Sequence[str], *, on_assigned: Moved | None = None, on_revoked: Moved | None = None,
    ) -> KafkaConsumer:
        def member() -> AIOKafkaConsumer:
            return self._opened(
                group_id=group, auto_offset_reset="earliest",
                session_timeout_ms=int(self._session * 1000),
                heartbeat_interval_ms=int(min(1.0, self._session / 5) * 1000),
                rebalance_timeout_ms=int(max(self._session, 60.0) * 1000),
                # partition i of all topics to one member, as long as all have the same number
                partition_assignment_strategy=(RangePartitionAssignor,),
            )

        async def check() -> None:
            places = await self.places(topics)
            counts = {topic: sum(place.topic == topic for place in places) for topic in topics}
            most = max(counts.values(), default=0)
            odd = [f"{topic!r} has {n} partitions" for topic, n in counts.items() if n != most]
            if odd:
                raise ValueError(f"{', '.join(odd)} and not {most} as the others of group {group!r}")

        return KafkaConsumer(member, check, topics, on_assigned, on_revoked)

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        if place not in await self.places([place.topic]):
            raise BusUnavailable(f"topic {place.topic!r} has no partition {place.partition}")
        kafka_place = KafkaPlace(*place)
        records: list[Record] = []
        with kafka_errors("reading"):
            async with asyncio.timeout(2 * REQUEST_WITHIN), self._reading:
                reader = await self._the_reader()
                end = (await reader.end_offsets([kafka_place]))[kafka_place]
                begin = (await reader.beginning_offsets([kafka_place]))[kafka_place]
                position = max(offset, begin)
                if position < end:
                    reader.assign([kafka_place])
                    reader.seek(kafka_place, position)
                while position < end and len(records) < limit:
                    got = await reader.getmany(kafka_place, timeout_ms=1000, max_records=limit - len(records))
                    records += [record_of(raw) for raw in got.get(kafka_place, ()) if raw.offset < end]
                    position = await reader.position(kafka_place)
        return records

    async def tail(self, topics: Sequence[str], start: Literal["beginning", "end"] = "end") -> AsyncIterator[Record]:
        from_end = start == "end"
        positions = await (self.end_offsets(topics) if from_end else self.begin_offsets(topics))
        reader = self._opened(auto_offset_reset="earliest")
        try:
            with kafka_errors("following the log"):
                await reader.start()
                reader.assign([KafkaPlace(*place) for place in positions])
                for place, offset in positions.items():
                    reader.seek(KafkaPlace(*place), offset)
            while True:
                with kafka_errors("following the log"):
                    got = await reader.getmany(timeout_ms=60_000, max_records=500)
                for raws in got.values():
                    for raw in raws:
                        yield record_of(raw)
        finally:
            await reader.stop()

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._offsets(topics, "end_offsets")

    async def begin_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._offsets(topics, "beginning_offsets")

    async def _offsets(self, topics: Sequence[str], which: str) -> dict[TopicPartition, int]:
        places = [KafkaPlace(*place) for place in await self.places(topics)]
        if not places:
            return {}
        with kafka_errors("asking for offsets"):
            async with asyncio.timeout(2 * REQUEST_WITHIN), self._reading:
                found = await getattr(await self._the_reader(), which)(places)
        return {TopicPartition(*place): offset for place, offset in found.items()}

    async def committed(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """Asked through a consumer, which retries what the admin client would answer as "nothing committed"."""
        places = await self.places(topics)
        asker = self._opened(group_id=group)
        with kafka_errors("asking for commits"):
            try:
                async with asyncio.timeout(2 * REQUEST_WITHIN):
                    await asker.start()
                    found = await asyncio.gather(*(asker.committed(KafkaPlace(*place)) for place in places))
            finally:
                await asker.stop()
        return {place: offset for place, offset in zip(places, found, strict=True) if offset is not None}

    async def identity(self) -> str:
        cluster = await self._asked(lambda: self.broker.config.admin_client.describe_cluster())
        return str(cluster["cluster_id"])

    def _opened(self, **settings: Any) -> AIOKafkaConsumer:
        if self._open is None:
            raise BusUnavailable("the bus is not started")
        return self._open(enable_auto_commit=False, fetch_max_wait_ms=FETCH_WAIT_MS, **settings)

    async def _the_reader(self) -> AIOKafkaConsumer:
        """A consumer without a group, one for all short questions; its users hold the lock."""
        if self._reader is None:
            reader = self._opened(auto_offset_reset="none")
            try:
                await reader.start()
            except BaseException:
                await reader.stop()
                raise
            self._reader = reader
        return self._reader


def _refuse_other_counts(wanted: Mapping[str, int], standing: Mapping[str, int]) -> None:
    """The number of partitions is frozen: with another one, keys would live elsewhere."""
    for topic, count in standing.items():
        if count != wanted[topic]:
            raise ValueError(f"topic {topic!r} has {count} partitions, not {wanted[topic]}")
