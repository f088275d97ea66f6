"""Topics and the cluster: made, counted, named."""
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from faststream.kafka import KafkaBroker

from chassis.kafka.errors import kafka_errors
from chassis.ports import BusUnavailable, TopicPartition

T = TypeVar("T")

MOST_COPIES = 3


class Topics:
    """Asks through the broker object's admin client; `within` (seconds) bounds each question with its repetitions."""

    def __init__(self, broker: KafkaBroker, within: float) -> None:
        self._broker, self._within = broker, within
        self._counts: dict[str, int] = {}

    async def ensure(self, topics: Mapping[str, int]) -> None:
        """Make what is missing. ValueError when one stands with another number: its keys would live elsewhere."""
        for topic, partitions in topics.items():
            if partitions < 1:
                raise ValueError(f"topic {topic!r} cannot have {partitions} partitions")
        standing = await self._described(list(topics))
        _refuse_other_counts(topics, standing)
        missing = {topic: n for topic, n in topics.items() if topic not in standing}
        if missing:
            await self._create(missing)
            _refuse_other_counts(topics, await self._all_described(list(topics)))

    async def places(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Every partition of the topics; the numbers are frozen, so they are asked for once."""
        unknown = [topic for topic in dict.fromkeys(topics) if topic not in self._counts]
        if unknown:
            self._counts |= await self._described(unknown)
        for topic in topics:
            if topic not in self._counts:
                raise BusUnavailable(f"there is no topic {topic!r}")
        return [TopicPartition(t, p) for t in dict.fromkeys(topics) for p in range(self._counts[t])]

    def count(self, topic: str) -> int:
        """Partitions of a topic that `places` was asked for."""
        return self._counts[topic]

    async def identity(self) -> str:
        return str((await self._cluster())["cluster_id"])

    async def _cluster(self) -> dict[str, Any]:
        return await self._asked(lambda: self._broker.config.admin_client.describe_cluster())

    async def _create(self, topics: Mapping[str, int]) -> None:
        copies = min(MOST_COPIES, len((await self._cluster())["brokers"]))
        settings = {
            "message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "cleanup.policy": "delete",
            "min.insync.replicas": "2" if copies > 2 else "1", "unclean.leader.election.enable": "false",
        }
        wanted = [NewTopic(topic, n, copies, topic_configs=settings) for topic, n in topics.items()]
        answer = await self._asked(lambda: self._broker.config.admin_client.create_topics(wanted))
        for topic, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:  # another process made it at the same time
                raise BusUnavailable(f"topic {topic!r} could not be made: {error.__name__}")

    async def _all_described(self, topics: list[str]) -> dict[str, int]:
        """Every broker hears of a new topic a little later than the controller."""
        clock = asyncio.get_running_loop()
        until = clock.time() + self._within
        while True:
            standing = await self._described(topics)
            if len(standing) == len(set(topics)):
                return standing
            if clock.time() > until:
                raise BusUnavailable(f"still missing: {', '.join(sorted(set(topics) - standing.keys()))}")
            await asyncio.sleep(0.05)

    async def _described(self, topics: list[str]) -> dict[str, int]:
        """How many partitions each has, all with a leader; those that are missing are left out."""
        if not topics:
            return {}
        found = await self._asked(lambda: self._broker.config.admin_client.describe_topics(topics))
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
            async with asyncio.timeout(self._within):
                while True:
                    try:
                        return await ask()
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                    await asyncio.sleep(0.1)


def _refuse_other_counts(wanted: Mapping[str, int], standing: Mapping[str, int]) -> None:
    for topic, count in standing.items():
        if count != wanted[topic]:
            raise ValueError(f"topic {topic!r} has {count} partitions, not {wanted[topic]}")
