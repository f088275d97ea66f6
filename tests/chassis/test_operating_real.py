"""The same on a real Kafka and a MongoDB-compatible store: an audit, and figures counted anew."""
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from chassis.adapters.kafka import KafkaBus
from chassis.adapters.mongo import MongoStore
from chassis.runtime.application import Application
from chassis.runtime.rebuild import Rebuild
from tests.adapters.real import kafka, mongo
from tests.chassis.test_application import running, until
from tests.chassis.test_rebuild import close, make, say, total

pytestmark = pytest.mark.real
__all__ = ["kafka", "mongo"]


@pytest.fixture
async def ports(kafka: str, mongo: str) -> AsyncIterator[tuple[MongoStore, KafkaBus]]:
    """A database of its own; the topic is shared, so only what is equal before and after can be told."""
    store, bus = MongoStore(mongo, f"operating-{uuid4().hex[:8]}"), KafkaBus(kafka, session=6.0)
    await store.start()
    await bus.start()
    yield store, bus
    await bus.stop()
    await store.stop()


async def at_rest(app: Application) -> None:
    async def settled() -> bool:
        return not any((await app.freshness())["lag"].values())

    await until(settled)


async def test_figures_are_counted_anew_on_kafka_and_mongodb(ports: tuple[MongoStore, KafkaBus]) -> None:
    store, bus = ports
    async with running(make(store, bus)) as live:
        await say(live, *range(300))
        await at_rest(live)
        before = await total(live)
        assert (await live.auditor.run_complete()).findings == []
        app = make(store, bus)
        await app.start()
        rebuild = Rebuild(app)
        async with rebuild.running():
            await until(lambda: close(rebuild))
            switched = await rebuild.switch()
        assert await rebuild.clean_up() > 0
        assert switched.compared.differences == [] and switched.compared.measures == 1
        assert live.generation == "g1.2" and rebuild.group not in await bus.groups()
        await at_rest(live)

        async def same() -> bool:
            return await total(live) == before

        await until(same)
        await say(live, 1000)
        await at_rest(live)
        assert (await live.auditor.run_complete()).findings == []
