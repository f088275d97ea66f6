"""Settings of Kafka and MongoDB that could lose acknowledged writes are refused at start, by name and with the fix."""
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pymongo.write_concern import WriteConcern

from chassis.adapters.kafka import KafkaBus
from chassis.adapters.kafka.cluster_checks import wanted_copies, weak_brokers, weak_cluster, weak_topics
from chassis.adapters.kafka.topics import TopicAdmin
from chassis.adapters.memory import MemoryBus
from chassis.adapters.mongo.store import Driver, MongoStore
from chassis.ports import UnsafeSetting
from chassis.runtime.supervisor import MISCONFIGURED
from contracts.topics import PARTITIONS

GOOD = {
    "min.insync.replicas": "2", "unclean.leader.election.enable": "false", "cleanup.policy": "delete",
    "retention.ms": "-1", "retention.bytes": "-1", "message.timestamp.type": "LogAppendTime",
}
THREE = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
UNREACHABLE = "mongodb://127.0.0.1:1/"


class BrokerWithDelayedMetadata:
    """A broker that does not yet know a topic which another broker has just created."""

    def __init__(self, times: int) -> None:
        self.remaining = times
        self.config = SimpleNamespace(admin_client=self)

    async def describe_configs(self, resources: list[ConfigResource]) -> list[Any]:
        self.remaining -= 1
        entries = [("retention.ms", "3600000")]
        name = resources[0].name
        response = (3, "", 2, name, []) if self.remaining >= 0 else (0, "", 2, name, entries)
        return [SimpleNamespace(resources=[response])]


async def test_a_topic_that_a_broker_does_not_know_yet_is_described_again():
    topics = TopicAdmin(cast(Any, BrokerWithDelayedMetadata(3)), within=10)
    assert await topics._configs(ConfigResourceType.TOPIC, ["t"]) == {"t": {"retention.ms": "3600000"}}


# --- checks of reported settings -------------------------------------------------------------------------------------


def test_a_durable_cluster_has_no_findings():
    assert weak_topics({"t": GOOD}, {"t": 3}, 3) == []
    assert weak_cluster(THREE, 3) == []
    assert weak_brokers({"1": {"auto.create.topics.enable": "false"}}, THREE) == []


@pytest.mark.parametrize(("setting", "value", "fix"), [
    ("min.insync.replicas", "1", "min.insync.replicas=2"),
    ("unclean.leader.election.enable", "true", "unclean.leader.election.enable=false"),
    ("cleanup.policy", "compact", "cleanup.policy=delete"),
    ("cleanup.policy", "compact,delete", "cleanup.policy=delete"),
    ("retention.ms", "86400000", "retention.ms=-1"),
])
def test_a_weak_setting_of_a_topic_is_refused_with_its_name_and_fix(setting, value, fix):
    found = [f for f in weak_topics({"t": {**GOOD, setting: value}, "u": GOOD}, {}, 3) if f.refused]
    assert len(found) == 1
    assert f"{setting}={value} on topic t:" in found[0].text and f"--add-config {fix}" in found[0].text


@pytest.mark.parametrize(("setting", "value"), [
    ("retention.ms", str(400 * 86_400_000)), ("retention.bytes", "1000000"), ("message.timestamp.type", "CreateTime"),
])
def test_a_setting_with_a_cost_but_without_data_loss_is_a_warning(setting, value):
    (found,) = weak_topics({"t": {**GOOD, setting: value}}, {"t": 3}, 3)
    assert not found.refused and found.text.startswith(f"{setting}={value}")


def test_too_few_copies_are_refused_on_topics_and_on_the_cluster():
    (few,) = weak_topics({"t": GOOD}, {"t": 1, "u": 3}, 3)
    assert few.refused and "replication factor=1 on topic t" in few.text
    (small,) = weak_cluster(["broker.example"], wanted_copies(None, ["broker.example"]))
    assert small.refused and "TRIPTYCH_KAFKA_COPIES=1" in small.text


@pytest.mark.parametrize(("copies", "hosts"), [(None, ["127.0.0.1"]), (None, ["::1"]), (1, ["broker.example"])])
def test_a_single_broker_on_loopback_or_by_configuration_is_a_warning(copies, hosts):
    (finding,) = weak_cluster(hosts, wanted_copies(copies, hosts))
    assert not finding.refused and "disk" in finding.text


def test_automatic_topic_creation_is_refused_and_on_loopback_a_warning():
    auto_create = {"1": {"auto.create.topics.enable": "true"}}
    assert [f.refused for f in weak_brokers(auto_create, THREE)] == [True]
    assert [f.refused for f in weak_brokers(auto_create, ["127.0.0.1"])] == [False]


async def test_another_number_of_partitions_is_refused_with_instructions():
    bus = MemoryBus()
    await bus.ensure_topics({"t": 4})
    with pytest.raises(UnsafeSetting, match=r"'t' has 4 partitions, not 8.*Re-create the topic"):
        await bus.ensure_topics({"t": 8})


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
@pytest.mark.parametrize(("query", "finding"), [
    ("w=1", "w=1"), ("journal=false", "journal=False"), ("readConcernLevel=local", "readConcernLevel=local"),
    ("readPreference=secondaryPreferred", "readPreference=secondaryPreferred"),
])
async def test_a_url_with_less_than_a_majority_is_refused(driver: Driver, query: str, finding: str):
    with pytest.raises(UnsafeSetting, match=f"TRIPTYCH_MONGO sets {finding}.*Remove it from the URL"):
        await MongoStore(f"{UNREACHABLE}?{query}", "x", driver).start()


@pytest.mark.parametrize(("durable", "finding"), [
    (WriteConcern(w=1, j=True), "w=1"), (WriteConcern(w="majority"), "j=None"), (WriteConcern(w=0), "w=0, j=None"),
])
async def test_a_store_without_majority_or_journal_is_refused(durable: WriteConcern, finding: str):
    with pytest.raises(UnsafeSetting, match=f"^{finding} of the store.*Set w=majority and j=true"):
        await MongoStore(UNREACHABLE, "x", durable=durable).start()


@pytest.mark.parametrize(("settings", "finding"), [
    ({"acks": 1}, "acks=1"), ({"acks": 0, "enable_idempotence": False}, "acks=0"),
    ({"enable_idempotence": False}, "enable_idempotence=False"),
])
async def test_a_producer_without_all_acks_or_idempotence_is_refused(settings: dict[str, Any], finding: str):
    with pytest.raises(UnsafeSetting, match=f"{finding} of the producer.*Set"):
        await KafkaBus("127.0.0.1:1", producer=settings).start()


# --- reported by the process -----------------------------------------------------------------------------------------


def triptych(directory: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    own = {**os.environ, "TRIPTYCH_DATA_DIR": str(directory), "TRIPTYCH_LOG_LEVEL": "error", **settings}
    return subprocess.run(
        [Path(sys.executable).parent / "triptych", *arguments], env=own, capture_output=True, text=True, timeout=60,
        check=False)


@pytest.mark.slow
@pytest.mark.parametrize("command", [["run", "surveys"], ["up"]], ids=["one service", "the whole system"])
def test_the_command_exits_with_a_message_that_names_the_setting(command: list[str], tmp_path: Path):
    process = triptych(tmp_path, *command, TRIPTYCH_MONGO=f"{UNREACHABLE}?w=1")
    assert process.returncode == MISCONFIGURED
    assert "does not start" in process.stderr and "TRIPTYCH_MONGO sets w=1" in process.stderr
    assert "Traceback" not in process.stderr


# --- on real servers -------------------------------------------------------------------------------------------------


@pytest.fixture
async def bus(kafka: str) -> AsyncIterator[KafkaBus]:
    bus = KafkaBus(kafka)
    await bus.start()
    yield bus
    await bus.stop()


@pytest.fixture
def topic() -> str:
    return f"tests.weak.{uuid4().hex[:8]}"


async def create_topic(bus: KafkaBus, topic: str, partitions: int = 2, **settings: str) -> None:
    admin = bus.broker.config.admin_client
    named = {name.replace("_", "."): value for name, value in settings.items()}
    await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=named)])


@pytest.mark.real
@pytest.mark.parametrize(("setting", "weak", "good"), [
    ("unclean.leader.election.enable", "true", "false"), ("cleanup.policy", "compact", "delete"),
    ("retention.ms", "3600000", "-1"),
])
async def test_a_weak_topic_is_refused_and_the_named_fix_is_accepted(bus, topic, setting, weak, good):
    await create_topic(bus, topic, **{setting.replace(".", "_"): weak})
    with pytest.raises(UnsafeSetting, match=rf"{setting}={weak} on topic {topic}: .* Set {setting}={good}"):
        await bus.ensure_topics({topic: 2})
    await bus.broker.config.admin_client.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic, {setting: good})])
    await bus.ensure_topics({topic: 2})


@pytest.mark.real
async def test_a_single_broker_on_loopback_is_accepted_with_a_warning(bus, topic, caplog):
    await bus.ensure_topics({topic: 2})
    assert "is on 1 of 1 brokers" in caplog.text and "TRIPTYCH_KAFKA_COPIES=3" in caplog.text


@pytest.mark.real
async def test_three_configured_copies_are_refused_on_one_broker(kafka, topic):
    bus = KafkaBus(kafka, copies=3)
    await bus.start()
    with pytest.raises(UnsafeSetting, match=r"cluster of 1 brokers.*TRIPTYCH_KAFKA_COPIES=1"):
        await bus.ensure_topics({topic: 2})
    assert topic not in await bus.broker.config.admin_client.list_topics()
    await bus.stop()


@pytest.mark.real
async def test_a_topic_with_added_partitions_is_refused(bus, topic):
    await create_topic(bus, topic, partitions=PARTITIONS + 1)
    with pytest.raises(UnsafeSetting, match=f"{topic}.*{PARTITIONS + 1} partitions, not {PARTITIONS}.*frozen"):
        await bus.ensure_topics({topic: PARTITIONS})


@pytest.mark.real
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_the_start_writes_with_a_majority_and_the_journal(mongo, driver: Driver):
    store = MongoStore(mongo, "tests_weak", driver)
    await store.start()
    assert await store._database.get_collection("triptych.shapes").find_one({"_id": " written"})
    await store.stop()
    with pytest.raises(UnsafeSetting, match="w=1"):
        await MongoStore(f"{mongo}&w=1", "tests_weak", driver).start()
