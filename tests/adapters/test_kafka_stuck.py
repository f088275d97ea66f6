"""Paused and recreated Kafka: `/readyz` reports a broker that does not respond; no event is lost or repeated."""
import asyncio
import signal
from collections.abc import Iterator

import pytest

from chassis.adapters.kafka import KafkaBus
from chassis.adapters.kafka import bus as adapter
from chassis.adapters.memory import MemoryStore
from chassis.runtime import watchdog
from dev.kafka_cluster import BrokerUnavailable, KafkaCluster
from tests.adapters.real import temporary_directory
from tests.chassis.harness import LEADS
from tests.chassis.test_application import make, quiet, running, until
from tests.chassis.test_watch import is_ready, measured, reason, say, total

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    cluster = KafkaCluster(temporary_directory("stuck"))
    try:
        cluster.start()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    yield cluster
    cluster.nodes[0].process.send_signal(signal.SIGCONT)
    cluster.stop()


async def test_readyz_reports_a_paused_broker_until_it_resumes(cluster, monkeypatch):
    for module, name, seconds in (
        (watchdog, "STALLED_SECONDS", 2.0), (watchdog, "UNASSIGNED_SECONDS", 4.0), (adapter, "REQUEST_WITHIN", 2.0),
    ):
        monkeypatch.setattr(module, name, seconds)
    bus = KafkaBus(cluster.bootstrap, session=6.0, send_within=2.0)
    await bus.start()
    app = make(MemoryStore(), bus)
    await app.start()
    task = asyncio.create_task(app.run())
    await say(app, 3)
    await quiet(app)
    await is_ready(app)

    cluster.nodes[0].process.send_signal(signal.SIGSTOP)
    writing = asyncio.create_task(publish_with_retries(app))
    assert "no progress for" in await reason(app, "events")
    assert measured(app, "triptych_ready") == 0

    async def producer_replaced() -> bool:
        return measured(app, "triptych_producer_recreated_total") >= 1

    async def consumer_replaced() -> bool:
        return measured(app, "triptych_consumer_recreated_total") >= 1

    await until(producer_replaced)
    await until(consumer_replaced)
    cluster.nodes[0].process.send_signal(signal.SIGCONT)
    await writing
    await is_ready(app)

    async def all_counted() -> bool:
        return await total(app) == 6

    await until(all_counted)
    assert [row.sequence for row in await app.history("counter", "a")] == [1, 2, 3, 4, 5, 6]
    await app.stop()
    await task
    await bus.stop()


async def test_a_recreated_topic_stops_the_service_with_instructions(cluster):
    """The store has fences of the old topic: the service would skip every event up to them."""
    bus = KafkaBus(cluster.bootstrap, session=6.0)
    await bus.start()
    store, admin = MemoryStore(), bus.broker.config.admin_client
    async with running(make(store, bus)) as app:
        await say(app, 3)
        await quiet(app)
    end = sum((await bus.end_offsets([LEADS])).values())
    await admin.delete_topics([LEADS])

    async def gone() -> bool:
        return LEADS not in await admin.list_topics()

    await until(gone)
    async with running(make(store, bus)) as again:
        async def stopped() -> bool:
            return bool(again.health.dead)

        await until(stopped)
        assert again.health.dead.startswith(f"log_recreated: {LEADS}/")
        assert f"the log ends at 0, but was read up to {end}" in again.health.dead
        assert "Restore the log that was read before" in again.health.dead and not again.health.ready
    await bus.stop()


async def publish_with_retries(app) -> None:
    """Publishes the same events again until the broker acknowledges them."""
    from chassis.ports import BusUnavailable

    while True:
        try:
            await say(app, 6)
            return
        except BusUnavailable:
            await asyncio.sleep(0.1)
