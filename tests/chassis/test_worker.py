"""The consume loop: nothing is committed before it is done, nothing is skipped, whatever fails."""
import asyncio
import copy
from dataclasses import replace

import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.domain.definitions import Definitions
from chassis.ports import BusUnavailable, Outgoing, StoreUnavailable, TopicPartition
from chassis.runtime import watchdog
from chassis.runtime.application import Application
from chassis.runtime.worker import consume_loop as loop
from chassis.support.settings import Settings
from contracts.topics import PARTITIONS
from tests.chassis.harness import LEADS, NOON, SERVICE, captured
from tests.chassis.test_application import make, quiet, running, until


async def say(app: Application, n: int, key: str = "a", start: int = 0) -> None:
    for number in range(start, start + n):
        await app.publish(captured(key), time=NOON, source="/crm", id=f"e{number}")


async def total(app: Application, key: str = "a") -> int:
    entity = await app.get("counter", key)
    return entity.state.total if entity else 0


async def test_a_bad_record_among_good_ones_is_a_dead_letter_and_the_good_ones_count():
    async with running(make()) as app:
        await say(app, 2)
        await app.bus.publish([Outgoing(LEADS, b"a", b"{", (("ce_specversion", b"1.0"),))])
        await say(app, 2, start=2)
        await quiet(app)
        assert await total(app) == 4
        assert [x.code for x in await app.dead_letters.list()] == ["not_cloudevents"]


async def test_a_record_on_a_wrong_partition_is_a_dead_letter_until_it_is_replayed():
    async with running(make()) as app:
        await say(app, 1)
        (record,) = [r for p in range(PARTITIONS) for r in await app.bus.read(TopicPartition(LEADS, p), 0, 1)]
        wrong = (record.partition + 1) % PARTITIONS
        headers = tuple((n, b"other" if n == "ce_id" else v) for n, v in record.headers)
        await app.bus.publish([Outgoing(LEADS, record.key, record.value, headers, wrong)])
        await quiet(app)
        (letter,) = await app.dead_letters.list()
        assert letter.code == "wrong_partition" and await total(app) == 1
        await app.dead_letters.replay(letter.id)
        await quiet(app)
        assert await total(app) == 2


async def test_a_replay_for_another_service_is_passed_over():
    async with running(make()) as app:
        await app.publish(captured(), time=NOON, source="/crm", id="x", extensions={"triptychreplayfor": "kpi/1"})
        own = {"triptychreplayfor": "lead_scoring/1"}
        await app.publish(captured(), time=NOON, source="/crm", id="y", extensions=own)
        await quiet(app)
        assert await total(app) == 1


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before_write", "after_write", "before_publish", "after_publish"])
async def test_failures_of_store_and_log_are_waited_out(where):
    store, bus = MemoryStore(), MemoryBus()
    app = make(store, bus)
    await app.start()
    await say(app, 20)
    failures = iter(range(6))
    error = StoreUnavailable("away") if "write" in where else BusUnavailable("away")

    async def fail(*_arguments) -> None:
        if next(failures, None) is not None:
            raise error

    setattr(store if "write" in where else bus, where, fail)
    task = asyncio.create_task(app.run())
    await quiet(app)
    assert await total(app) == 20 and app.health.ready
    assert [r.sequence for r in await app.history("counter", "a", limit=500)] == list(range(1, 21))
    await app.stop()
    await task


@pytest.mark.slow
async def test_while_nothing_can_be_taken_in_the_service_says_that_it_is_not_ready():
    store = MemoryStore()
    async with running(make(store)) as app:
        async def away(*_arguments) -> None:
            raise StoreUnavailable("away")

        store.before_write = away
        await say(app, 1)

        async def unready() -> bool:
            return not app.health.ready

        await until(unready)
        store.before_write = None
        await quiet(app)

        async def ready() -> bool:
            return app.health.ready

        await until(ready)


async def test_several_workers_share_the_work_and_it_counts_once():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as one:
        for n in range(40):
            await one.publish(captured(f"k{n % 8}"), time=NOON, source="/crm", id=f"e{n}")
        async with running(make(store, bus)) as two:
            for n in range(40, 80):
                await two.publish(captured(f"k{n % 8}"), time=NOON, source="/crm", id=f"e{n}")
            await quiet(one)
        for n in range(80, 120):
            await one.publish(captured(f"k{n % 8}"), time=NOON, source="/crm", id=f"e{n}")
        await quiet(one)
        assert [await total(one, f"k{n}") for n in range(8)] == [15] * 8


async def test_a_member_that_was_thought_dead_comes_back_and_nothing_counts_twice():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as app:
        await say(app, 5)
        await quiet(app)
        await bus.expire(app.worker._consumer)
        await say(app, 5, start=5)
        await quiet(app)
        assert await total(app) == 10


@pytest.mark.slow
async def test_a_log_that_was_made_anew_stops_the_service_with_its_name():
    store = MemoryStore()
    async with running(make(store)) as app:
        await say(app, 3)
        await quiet(app)
    async with running(make(store, MemoryBus())) as again:
        async def dead() -> bool:
            return "log_recreated" in again.health.dead

        await until(dead)
        assert not again.health.ready and LEADS in again.health.dead


@pytest.mark.slow
async def test_a_log_that_was_cut_short_stops_the_service():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as app:
        await say(app, 3)
        await quiet(app)
    for log in bus._logs[LEADS]:
        del log[1:]
    async with running(make(store, bus)) as again:
        async def dead() -> bool:
            return "the log ends at 1" in again.health.dead

        await until(dead)


async def test_a_consumer_that_hands_nothing_out_is_replaced(monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED_SECONDS", 0.05)
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.02)
    bus, made = MemoryBus(), []
    consumer = bus.consumer

    async def nothing(_most: int, _timeout: float):
        await asyncio.sleep(0.02)
        return {}

    def first_is_silent(*arguments, **named):
        made.append(consumer(*arguments, **named))
        if len(made) == 1:
            made[0].poll = nothing
        return made[-1]

    monkeypatch.setattr(bus, "consumer", first_is_silent)
    async with running(make(bus=bus)) as app:
        await say(app, 3)
        await quiet(app)
        assert len(made) == 2 and await total(app) == 3


async def test_a_batch_that_takes_long_is_no_stall(monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED_SECONDS", 0.05)
    bus, made = MemoryBus(), []
    consumer = bus.consumer

    def counted(*arguments, **named):
        made.append(consumer(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(bus, "consumer", counted)
    app = make(bus=bus)
    await app.start()
    await say(app, 6)
    app.worker.batch = 2  # something waits while a batch is being taken in
    take_in = app.worker._process_batch

    async def slowly(*arguments):
        await take_in(*arguments)
        await asyncio.sleep(0.1)

    monkeypatch.setattr(app.worker, "_process_batch", slowly)
    task = asyncio.create_task(app.run())
    await quiet(app)
    assert await total(app) == 6
    await app.stop()
    await task
    assert len(made) == 1


async def test_taking_over_that_takes_long_is_no_stall(monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED_SECONDS", 0.05)
    app = make()
    await app.start()
    take_over, replaced = app.worker._take_over, []

    async def slowly(places):
        await asyncio.sleep(0.1)
        await take_over(places)

    async def replace_(why):
        replaced.append(why)

    monkeypatch.setattr(app.worker, "_take_over", slowly)
    monkeypatch.setattr(app.worker, "_replace_consumer", replace_)
    await say(app, 3)
    consumer = await app.worker._join()
    await app.worker._on_assigned(consumer.assignment())
    await app.worker._check_consumer(consumer)  # nothing has been handed out yet: there was no time
    assert replaced == []
    await app.worker._leave()


async def test_a_drain_finishes_what_is_in_hand_and_leaves_the_group():
    app = make()
    await app.start()
    await say(app, 50)
    task = asyncio.create_task(app.run())
    await asyncio.sleep(0.01)
    await app.stop()
    await task
    done = sum((await app.bus.committed(app.group, [LEADS])).values())
    assert await total(app) == done
    assert app.bus._groups[app.group].members == []


async def test_a_service_without_topics_only_answers():
    app = Application(replace(SERVICE, consumes=()), Settings(), MemoryStore(), MemoryBus(), Definitions())
    async with running(app):
        assert app.worker is None and app.health.ready


async def test_a_storm_of_failures_stops_the_service_instead_of_emptying_the_topic():
    async with running(make()) as app:
        for number in range(1500):
            await app.publish(captured(n=13 if number % 5 == 0 else 1), time=NOON, source="/crm", id=f"e{number}")

        async def stopped() -> bool:
            return "storm" in app.health.problems

        await until(stopped)
        assert not app.health.ready and any((await app.freshness())["lag"].values())


async def test_partitions_that_cannot_be_taken_over_are_taken_over_again():
    store, bus = MemoryStore(), MemoryBus()
    app = make(store, bus)
    await app.start()
    await say(app, 3)
    failures = iter(range(2))
    check = app.worker.progress.check

    async def failing(places):
        if next(failures, None) is not None:
            raise StoreUnavailable("away")
        return await check(places)

    app.worker.progress.check = failing
    task = asyncio.create_task(app.run())
    await quiet(app)
    assert await total(app) == 3
    await app.stop()
    await task


async def test_a_store_that_was_put_back_is_read_on_from_where_it_was():
    """The group has committed more than an older copy of the store has seen: none of it may be skipped."""
    bus = MemoryBus()
    app = make(MemoryStore(), bus)
    async with running(app):
        await say(app, 3)
        await quiet(app)
    older = copy.deepcopy(app.store)
    async with running(make(app.store, bus)) as app:
        await say(app, 4, start=3)
        await quiet(app)
        assert await total(app) == 7
    for store in (older, MemoryStore()):
        async with running(make(store, bus)) as restored:
            await until(lambda app=restored: reached(app, 7))


async def reached(app: Application, n: int) -> bool:
    return await total(app) == n


async def test_a_group_that_was_forgotten_reads_everything_again_and_nothing_changes():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as app:
        for n in range(60):
            await app.publish(captured(f"k{n % 7}", 13 if n % 20 == 0 else 1), time=NOON, source="/crm", id=f"e{n}")
        await quiet(app)
        before = {d.id: (d.version, d.body) for d in (await store.find("lead_scoring.counter", {})).documents}
        letters = [x.id for x in await app.dead_letters.list()]
        history = [row.id for row in await app.history("counter", "k1")]
    assert len(letters) == 3
    await bus.remove_group(app.group)
    async with running(make(store, bus)) as again:
        await quiet(again)
        after = (await store.find("lead_scoring.counter", {})).documents
        assert {d.id: (d.version, d.body) for d in after} == before
        assert [x.id for x in await again.dead_letters.list()] == letters
        assert [row.id for row in await again.history("counter", "k1")] == history
        assert (await again.auditor.run_complete(patience=0)).findings == []
