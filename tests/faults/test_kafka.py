"""F1 to F5, F7, F10, F13, F14 on a real Kafka, over one ledger: each phase goes on where the last ended, and after each
everything since the beginning must be exact."""
import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from chassis.service.discovery import internal_names
from chassis.support.failpoints import POINTS
from dev.kafka_cluster import BrokerUnavailable, KafkaCluster, free_ports
from tests.adapters.real import temporary_directory
from tests.faults.conftest import Verified
from tests.faults.profiles import Profile, chosen
from tests.faults.proxy import BAD_NETWORK, NetworkConditions, Proxy
from tests.faults.recovery import ends_now, recovered
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest
from tests.faults.test_failpoints import Campaign, keep_loading
from tests.faults.test_messy import reset
from tests.faults.test_recreated import why_not_ready

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(3600)]
in_the_long_profile = pytest.mark.skipif(
    chosen().name != "long", reason="not proven here: it belongs to `make faults PROFILE=long`")
SESSION = 6.0
BROKERS = 3 if chosen().name == "long" else 1  # what the short profile does needs no other
ON = f"Kafka, {'three brokers' if BROKERS == 3 else 'one broker'}"
WHERE = {"lead_scoring": "kafka.publish.before", "pipeline": "kafka.publish.after", "surveys": "kafka.commit.before",
         "kpi": "kafka.commit.after"}
"""Which service dies at which failpoint."""


@pytest.fixture(scope="module")
async def kafka(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[SystemUnderTest, KafkaCluster, list[Proxy]]]:
    """Members reach every broker through a proxy of ours; the load and the verifier reach them directly."""
    ports = free_ports(BROKERS)
    cluster = KafkaCluster(temporary_directory("faults"), brokers=BROKERS, outside=ports)
    try:
        await asyncio.to_thread(cluster.start)
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    proxies = [Proxy(port, node.outside_port) for port, node in zip(ports, cluster.nodes, strict=True)]
    for proxy in proxies:
        await proxy.start()
    through = ",".join(f"127.0.0.1:{port}" for port in ports)
    directory: Path = tmp_path_factory.mktemp("kafka")
    try:
        async with SystemUnderTest(directory, session=SESSION, kafka=cluster.bootstrap, members_kafka=through,
                         copies=0.05, hostile=0.02) as stage:
            await stage.start_all()
            yield stage, cluster, proxies
    finally:
        for proxy in proxies:
            await proxy.stop()
        cluster.stop()


async def test_services_are_killed_stopped_and_killed_at_the_failpoints_of_kafka(
    kafka: tuple[SystemUnderTest, KafkaCluster, list[Proxy]], profile: Profile, verified: Verified,
) -> None:
    stage, _, _ = kafka
    result = Result("F1–F4, F10", "kill -9, failpoints, SIGSTOP, restarts, copies, hostile records", ON,
                    bound=SESSION + 5)
    async with verified(result, stage):
        done = asyncio.Event()
        loading = asyncio.create_task(keep_loading(stage, done, 100))
        campaigns = [Campaign(stage, s, _points(s, profile.hits)) for s in internal_names()]
        await asyncio.gather(*(_trouble(stage, c, profile.kafka_kills, result) for c in campaigns))
        done.set()
        await loading
        for campaign in campaigns:
            campaign.tell(result)
    assert {p for p in POINTS if p.startswith("kafka.")} == result.hits.keys()
    assert min(result.hits.values()) >= profile.hits, result.hits


def _points(service: str, hits: int) -> list[tuple[str, int]]:
    return [(WHERE[service], 1 + n % 5) for n in range(hits)] if service in WHERE else []


async def _trouble(stage: SystemUnderTest, campaign: Campaign, times: int, result: Result) -> None:
    service = campaign.service
    chance = random.Random(service)
    for turn in range(times):
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        (member,) = stage.alive(service)
        ends = await ends_now(stage, service)
        await stage.fleet.end(member, signal.SIGKILL if turn % 3 < 2 else signal.SIGTERM)
        killed = time.monotonic()
        await stage.fleet.start(service)
        result.recoveries.append(await recovered(stage, service, ends, killed))
        result.injected += 1
    if campaign.points:
        await stage.fleet.end(stage.alive(service)[0])
        await campaign.run()
    (member,) = stage.alive(service)
    second = await stage.fleet.start(service, 1)
    member.signal(signal.SIGSTOP)
    await asyncio.sleep(SESSION * 1.5)
    member.signal(signal.SIGCONT)
    result.injected += 1
    await stage.fleet.end(second)


@in_the_long_profile
async def test_brokers_are_killed_one_by_one_in_turn_and_all_at_once(
    kafka: tuple[SystemUnderTest, KafkaCluster, list[Proxy]], profile: Profile, verified: Verified,
) -> None:
    """Each broker is a controller too, so its death also makes another one the leader of the quorum."""
    stage, cluster, _ = kafka
    result = Result("F5", "kill -9 of each broker, and of all at once", ON)
    async with verified(result, stage):
        load = asyncio.create_task(stage.load(profile.kafka_events, 200))
        for number in range(profile.broker_kills):
            cluster.kill(number % 3)
            await asyncio.sleep(2.0)
            await asyncio.to_thread(cluster.restart, number % 3)
            result.injected += 1
        for number in range(3):
            cluster.kill(number)
        await asyncio.gather(*(asyncio.to_thread(cluster.restart, number) for number in range(3)))
        result.injected += 3
        await load


@in_the_long_profile
async def test_a_bad_network_delays_and_loses_nothing(
    kafka: tuple[SystemUnderTest, KafkaCluster, list[Proxy]], profile: Profile, verified: Verified,
) -> None:
    stage, _, proxies = kafka
    result = Result("F7", "network: " + ", ".join(BAD_NETWORK), ON)
    largest = 0.0
    async with verified(result, stage):
        load = asyncio.create_task(stage.load(profile.kafka_events // 2, 100))
        for _ in range(profile.cuts):
            for name, weather in BAD_NETWORK.items():
                for proxy in proxies if name in ("500 ms latency", "loss") else (random.choice(proxies),):
                    proxy.change(weather)
                await asyncio.sleep(profile.foul_seconds)
                largest = max(largest, *(psutil.Process(m.pid).memory_info().rss / 2**20
                                         for s in internal_names() for m in stage.alive(s)))
                for proxy in proxies:
                    proxy.change(NetworkConditions())
                result.injected += 1
        await load
    result.notes.append(f"the largest process had {largest:.0f} MiB")
    assert largest < 512


@in_the_long_profile
async def test_everything_is_heard_again_from_the_beginning(
    kafka: tuple[SystemUnderTest, KafkaCluster, list[Proxy]], verified: Verified,
) -> None:
    stage, _, _ = kafka
    result = Result("F13", "everything again from offset 0", ON, injected=len(internal_names()))
    await stage.fleet.end_all()
    async with verified(result, stage):
        for service in internal_names():
            await reset(stage, service)
        await stage.start_all()


async def test_a_topic_that_was_deleted_and_made_again_stops_its_readers_by_name_until_they_are_sent_on(
    kafka: tuple[SystemUnderTest, KafkaCluster, list[Proxy]], verified: Verified,
) -> None:
    stage, cluster, _ = kafka
    result = Result("F14", "a topic is deleted and made again", ON, injected=1)
    topic, readers = "crm.orders.v1", ("segmentation", "kpi")
    await stage.fleet.end_all()
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    await admin.delete_topics([topic])
    while topic in await admin.list_topics():  # noqa: ASYNC110 (Kafka tells nobody)
        await asyncio.sleep(0.1)
    await admin.close()
    for service in readers:
        await stage.fleet.start(service)
    told = [await why_not_ready(stage, service) for service in readers]
    assert all(topic in text for text in told)
    for service in readers:  # Kafka has forgotten what the group had committed there, and nobody has gone on
        assert not any((await stage.bus.committed(f"triptych.{service}", [topic])).values())
    await stage.fleet.end_all()
    await stage.command("stream", "bump-epoch", topic, "--yes")
    async with verified(result, stage):
        await stage.start_all()
        await stage.load(300, 100)
    result.notes.append(told[0][:160])
    result.verdict = f"stops, named; {result.verdict} in a new epoch"
