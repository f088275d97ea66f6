"""Admin operations on topics and cluster: create, describe, identify, and check settings."""
import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from faststream.kafka import KafkaBroker

from chassis.adapters.kafka import cluster_checks
from chassis.adapters.kafka.errors import kafka_errors
from chassis.ports import BusUnavailable, TopicPartition, UnsafeSetting, partition_count_changed

T = TypeVar("T")

log = logging.getLogger(__name__)


class TopicAdmin:
    """Uses the broker's admin client; `within` (seconds) bounds each request including retries.

    `copies`: required replicas of each record; None: 3, or the number of brokers for a cluster on loopback.
    """

    def __init__(self, broker: KafkaBroker, within: float, copies: int | None = None) -> None:
        self._broker, self._within, self._copies = broker, within, copies
        self._counts: dict[str, int] = {}
        self._logged: set[str] = set()

    async def ensure(self, topics: Mapping[str, int]) -> None:
        """Creates missing topics. Raises UnsafeSetting for another partition count, which would move keys, and for
        topic or broker settings that can lose acknowledged records."""
        for topic, partitions in topics.items():
            if partitions < 1:
                raise ValueError(f"topic {topic!r} cannot have {partitions} partitions")
        cluster = await self._cluster()
        hosts = [broker["host"] for broker in cluster["brokers"]]
        copies = cluster_checks.wanted_copies(self._copies, hosts)
        self._report(cluster_checks.weak_cluster(hosts, copies))
        existing = await self._partition_counts(list(topics))
        _refuse_other_counts(topics, existing)
        missing = {topic: n for topic, n in topics.items() if topic not in existing}
        if missing:
            await self._create(missing, copies)
            _refuse_other_counts(topics, await self._wait_for_topics(list(topics)))
        await self._refuse_weak(list(topics), copies, cluster)

    async def places(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Every partition of the topics; cached, since partition counts never change."""
        unknown = [topic for topic in dict.fromkeys(topics) if topic not in self._counts]
        if unknown:
            self._counts |= await self._partition_counts(unknown)
        for topic in topics:
            if topic not in self._counts:
                raise BusUnavailable(f"topic {topic!r} does not exist")
        return [TopicPartition(t, p) for t in dict.fromkeys(topics) for p in range(self._counts[t])]

    def count(self, topic: str) -> int:
        """Partition count of a topic already described by `places`."""
        return self._counts[topic]

    async def identity(self) -> str:
        return str((await self._cluster())["cluster_id"])

    async def _cluster(self) -> dict[str, Any]:
        return await self.asked(lambda: self._broker.config.admin_client.describe_cluster())

    async def _refuse_weak(self, topics: list[str], copies: int, cluster: Mapping[str, Any]) -> None:
        nodes = [str(broker["node_id"]) for broker in cluster["brokers"]]
        hosts = [broker["host"] for broker in cluster["brokers"]]
        replicas = {
            t["topic"]: min(len(p["replicas"]) for p in t["partitions"]) for t in await self._describe(topics)
            if t["partitions"]}
        findings = cluster_checks.weak_topics(await self._configs(ConfigResourceType.TOPIC, topics), replicas, copies)
        findings += cluster_checks.weak_brokers(await self._configs(ConfigResourceType.BROKER, nodes), hosts)
        self._report(findings)

    def _report(self, findings: Sequence[cluster_checks.ClusterFinding]) -> None:
        refused = [each.text for each in findings if each.refused]
        if refused:
            raise UnsafeSetting("\n".join(refused))
        for each in findings:
            if each.text not in self._logged:
                self._logged.add(each.text)
                log.warning("%s", each.text)

    async def _configs(self, kind: ConfigResourceType, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """Settings reported by the brokers; without permission to read them, a warning says that nothing was
        checked."""
        resources = [ConfigResource(kind, name) for name in names]

        async def ask() -> list[Any]:
            responses = await self._broker.config.admin_client.describe_configs(resources)
            for code, *_ in (each for response in responses for each in response.resources):
                if code and (error := for_code(code)).retriable:
                    raise error  # a new topic that this broker does not know yet
            return list(responses)

        responses = await self.asked(ask)
        configs: dict[str, dict[str, str]] = {}
        for error, message, _, name, entries in (each for response in responses for each in response.resources):
            if error:
                self._report([cluster_checks.ClusterFinding(
                    f"The settings of {name} cannot be checked: {message or for_code(error).__name__}", False)])
            else:
                configs[name] = {entry[0]: entry[1] for entry in entries}
        return configs

    async def _create(self, topics: Mapping[str, int], copies: int) -> None:
        settings = {
            "message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "cleanup.policy": "delete",
            "min.insync.replicas": str(cluster_checks.in_sync(copies)), "unclean.leader.election.enable": "false",
        }
        new_topics = [NewTopic(topic, n, copies, topic_configs=settings) for topic, n in topics.items()]
        response = await self.asked(lambda: self._broker.config.admin_client.create_topics(new_topics))
        for topic, code, *_ in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:  # else another process created it at the same time
                raise BusUnavailable(f"topic {topic!r} could not be created: {error.__name__}")

    async def _wait_for_topics(self, topics: list[str]) -> dict[str, int]:
        """Waits until every broker knows the new topics, a little later than the controller."""
        clock = asyncio.get_running_loop()
        until = clock.time() + self._within
        while True:
            existing = await self._partition_counts(topics)
            if len(existing) == len(set(topics)):
                return existing
            if clock.time() > until:
                raise BusUnavailable(f"still missing: {', '.join(sorted(set(topics) - existing.keys()))}")
            await asyncio.sleep(0.05)

    async def _partition_counts(self, topics: list[str]) -> dict[str, int]:
        """Partition counts of topics whose partitions all have a leader; missing topics are left out."""
        counts = {}
        for topic in await self._describe(topics):
            error = for_code(topic["error_code"])
            if not topic["error_code"] and all(p["leader"] >= 0 for p in topic["partitions"]):
                counts[topic["topic"]] = len(topic["partitions"])
            elif topic["error_code"] and error is not UnknownTopicOrPartitionError and not error.retriable:
                raise BusUnavailable(f"topic {topic['topic']!r}: {error.__name__}")
        return counts

    async def _describe(self, topics: list[str]) -> list[dict[str, Any]]:
        if not topics:
            return []
        descriptions: list[dict[str, Any]] = await self.asked(
            lambda: self._broker.config.admin_client.describe_topics(topics))
        return descriptions

    async def asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Retries a request: right after a start or an election Kafka first answers "not yet"."""
        with kafka_errors("requesting from Kafka"):
            async with asyncio.timeout(self._within):
                while True:
                    try:
                        return await ask()
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                    await asyncio.sleep(0.1)


def _refuse_other_counts(expected: Mapping[str, int], existing: Mapping[str, int]) -> None:
    for topic, count in existing.items():
        if count != expected[topic]:
            raise partition_count_changed(topic, count, expected[topic])
