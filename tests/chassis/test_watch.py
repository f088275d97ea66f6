"""Who stands still is noticed, replaced and told: not ready, with the reason, while it lasts. Memory and SQLite."""
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore
from chassis.ports import BusUnavailable
from chassis.runtime import timers, watchdog
from chassis.runtime.application import Application
from chassis.runtime.worker import consume_loop as loop
from tests.chassis.harness import NOON, Add, captured
from tests.chassis.test_application import make, quiet, running, until


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    for module, name, seconds in (
        (watchdog, "STALLED_SECONDS", 0.2), (watchdog, "UNASSIGNED_SECONDS", 0.4), (loop, "POLL_SECONDS", 0.05),
        (timers, "TROUBLED_AFTER", 0.2),
    ):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture(params=["memory", "sqlite"])
async def ports(request, tmp_path) -> AsyncIterator[tuple[Any, Any]]:
    if request.param == "memory":
        yield MemoryStore(), MemoryBus()
        return
    database = Database(tmp_path / "watched.db")
    store, bus = SqliteStore(database), SqliteBus(database)
    await store.start()
    await bus.start()
    yield store, bus
    await bus.stop()
    await store.stop()


@asynccontextmanager
async def management(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app.management())
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        yield client


async def reason(app: Application, part: str) -> str:
    """Waits until `/readyz` refuses for the sake of this part, and reads why."""
    async with management(app) as client:
        found: dict[str, Any] = {}

        async def refused() -> bool:
            answer = await client.get("/readyz")
            found.update(answer.json())
            return answer.status_code == 503 and part in found.get("reasons", {})

        await until(refused)
        assert (await client.get("/livez")).status_code == 200  # a new start would not help
        return str(found["reasons"][part])


async def is_ready(app: Application) -> None:
    async def ready() -> bool:
        async with management(app) as client:
            return (await client.get("/readyz")).status_code == 200

    await until(ready)


def measured(app: Application, name: str) -> float:
    lines = app.metrics.text().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{"))


async def say(app: Application, n: int = 3) -> None:
    for number in range(n):
        await app.publish(captured(), time=NOON, source="/crm", id=f"e{number}")


async def total(app: Application) -> int:
    entity = await app.get("counter", "a")
    return entity.state.total if entity else 0


async def no_lag() -> dict[Any, int]:
    return {}


def silent(consumer: Any, until_told: asyncio.Event) -> Any:
    """The same consumer, which hands nothing out until it is told."""
    poll = consumer.poll

    async def nothing(most: int, timeout: float) -> Any:
        if until_told.is_set():
            return await poll(most, timeout)
        await asyncio.sleep(timeout)
        return {}

    consumer.poll = nothing
    return consumer


async def test_lag_without_progress_is_told_and_the_consumer_replaced_until_records_come_again(ports, monkeypatch):
    store, bus = ports
    healed, consumer = asyncio.Event(), bus.consumer
    monkeypatch.setattr(bus, "consumer", lambda *a, **named: silent(consumer(*a, **named), healed))
    async with running(make(store, bus)) as app:
        await is_ready(app)
        await say(app)
        assert "3 records are waiting, and none was polled" in await reason(app, "consumer")
        assert measured(app, "triptych_consumer_recreated_total") >= 1
        assert measured(app, "triptych_ready") == 0
        healed.set()
        await quiet(app)
        await is_ready(app)
        assert await total(app) == 3 and measured(app, "triptych_ready") == 1


async def test_a_member_without_a_partition_is_told_and_asks_again_more_and_more_seldom(ports, monkeypatch):
    store, bus = ports
    made = []
    consumer = bus.consumer

    def first_two_get_nothing(*arguments: Any, **named: Any) -> Any:
        made.append(consumer(*arguments, **(named if len(made) > 1 else {})))  # nobody is told of an assignment
        if len(made) < 3:
            made[-1].assignment, made[-1].lag = frozenset, no_lag
            silent(made[-1], asyncio.Event())
        return made[-1]

    monkeypatch.setattr(bus, "consumer", first_two_get_nothing)
    async with running(make(store, bus)) as app:
        await say(app)
        assert "no partition is assigned" in await reason(app, "assignment")
        await quiet(app)
        await is_ready(app)
        assert len(made) == 3 and await total(app) == 3


@pytest.mark.slow
async def test_a_batch_that_needs_more_than_its_time_gets_more_of_it(ports, monkeypatch):
    monkeypatch.setattr(loop, "BATCH_SECONDS", 0.1)
    store, bus = ports
    app = make(store, bus)
    await app.start()
    await say(app)
    save = store.save

    async def slow(*arguments: Any) -> Any:
        await asyncio.sleep(0.3)
        return await save(*arguments)

    monkeypatch.setattr(store, "save", slow)
    task = asyncio.create_task(app.run())
    await quiet(app)
    assert await total(app) == 3
    await app.stop()
    await task


@pytest.mark.slow
@pytest.mark.parametrize("port", ["store", "log"])
async def test_a_batch_that_hangs_is_told_begun_again_and_counts_once(ports, port, monkeypatch):
    monkeypatch.setattr(loop, "BATCH_SECONDS", 2.0)
    store, bus = ports
    app = make(store, bus)
    await app.start()
    await say(app)
    hangs, held = asyncio.Event(), asyncio.Event()
    place, name = (store, "save") if port == "store" else (bus, "publish")
    call = getattr(place, name)

    async def hanging(*arguments: Any) -> Any:
        if not held.is_set():
            held.set()
            await hangs.wait()
        return await call(*arguments)

    monkeypatch.setattr(place, name, hanging)
    task = asyncio.create_task(app.run())
    assert "a batch does not end" in await reason(app, "events")
    await quiet(app)
    await is_ready(app)
    assert await total(app) == 3
    assert [row.sequence for row in await app.history("counter", "a")] == [1, 2, 3]
    await app.stop()
    await task


async def test_errors_without_end_replace_the_consumer_and_name_the_error(ports, monkeypatch):
    store, bus = ports
    app = make(store, bus)
    await app.start()
    await say(app)
    healed, publish = asyncio.Event(), bus.publish

    async def failing(messages: Any) -> None:
        if not healed.is_set():
            raise BusUnavailable("the broker is away")
        await publish(messages)

    monkeypatch.setattr(bus, "publish", failing)
    task = asyncio.create_task(app.run())
    assert "BusUnavailable: the broker is away" in await reason(app, "events")

    async def replaced() -> bool:
        return measured(app, "triptych_consumer_recreated_total") >= 1

    await until(replaced)
    healed.set()
    await quiet(app)
    await is_ready(app)
    assert await total(app) == 3
    await app.stop()
    await task


async def test_what_is_owed_and_cannot_be_published_for_long_is_told(ports, monkeypatch):
    monkeypatch.setattr(timers, "SWEEP_AFTER", 0.0)
    monkeypatch.setattr(timers, "SWEEP_EVERY", 0.05)
    store, bus = ports
    app = make(store, bus)
    await app.start()
    app.scheduler._tick = 0.05
    healed, publish = asyncio.Event(), bus.publish

    async def failing(messages: Any) -> None:
        if not healed.is_set():
            raise BusUnavailable("the broker is away")
        await publish(messages)

    monkeypatch.setattr(bus, "publish", failing)
    publish_pending = app.scheduler.publish_pending
    monkeypatch.setattr(app.scheduler, "publish_pending", lambda: publish_pending(0.0))
    await app.execute("counter", "a", Add(at=NOON, n=1), idempotency_key="k")
    task = asyncio.create_task(app.run())
    assert "the broker is away" in await reason(app, "timers")
    healed.set()
    await is_ready(app)
    await app.stop()
    await task
