"""Deadlines fire once, in order, never before what came in time; what is owed is published in the end."""
from datetime import timedelta

import pytest

from chassis.adapters.sqlite import Database, SqliteStore, queries
from chassis.adapters.sqlite.documents import CollectionTable
from chassis.aggregates import CommandRequest, execute
from chassis.ports import BusUnavailable
from chassis.runtime.timers import DeadlineScheduler, ProgressGate
from tests.chassis.harness import LEADS, NOON, Add, Harness, Remind, captured, lost

GROUP = "triptych.lead_scoring"
TOPICS = (LEADS,)


@pytest.fixture
async def harness() -> Harness:
    return await Harness().start()


def scheduler(harness: Harness, now=NOON) -> DeadlineScheduler:
    return DeadlineScheduler(harness.runner, harness.store, harness.bus, group=GROUP, topics=TOPICS, now=lambda: now)


async def committed(harness: Harness) -> None:
    """The group has taken in all that the log holds."""
    harness.bus._groups.setdefault(GROUP, type(harness.bus.consumer(GROUP, TOPICS).group)())
    harness.bus._groups[GROUP].committed.update(await harness.bus.end_offsets(TOPICS))


async def reminded(harness: Harness, *keys: str) -> None:
    for key in keys:
        await execute(harness.runner, CommandRequest("counter", key, Remind(at=NOON, after=timedelta(hours=1)), NOON))


async def test_a_deadline_fires_once_when_its_time_has_come(harness):
    await reminded(harness, "a", "b")
    assert await scheduler(harness, NOON + timedelta(minutes=59)).fire_due() == 0
    assert await scheduler(harness, NOON + timedelta(minutes=61)).fire_due() == 2
    assert await scheduler(harness, NOON + timedelta(minutes=62)).fire_due() == 0
    said = await harness.said()
    assert sorted(m.event.lead_id for m in said) == ["a", "b"]
    assert {m.meta.time for m in said} == {NOON + timedelta(hours=1)}
    assert (await harness.stored("a"))[0].outbox == ()


async def test_two_schedulers_fire_a_deadline_once_by_its_id(harness):
    await reminded(harness, "a")
    other = await harness.restarted()
    late = NOON + timedelta(hours=2)
    await harness.runner.fire_deadlines("counter", ["a"], late)
    await other.runner.fire_deadlines("counter", ["a"], late)
    assert (await harness.state("a")).rang == 1
    assert len({m.meta.id for m in await harness.said()}) == 1


async def test_a_deadline_waits_for_events_that_stand_in_the_queue(harness):
    await reminded(harness, "a")
    await harness.put(captured("a"), at=NOON)
    late = scheduler(harness, NOON + timedelta(hours=2))
    assert await late.fire_due() == 0
    await harness.run()
    await committed(harness)
    assert await late.fire_due() == 1


async def test_the_gate_opens_for_the_moment_it_was_asked_for_though_more_comes_in(harness):
    gate = ProgressGate(harness.bus, GROUP, TOPICS)
    await harness.put(captured("a"))
    assert await gate.passed(NOON) is None
    await committed(harness)
    await harness.put(captured("a"))
    assert await gate.passed(NOON + timedelta(hours=5)) == NOON
    assert await gate.passed(NOON + timedelta(hours=5)) is None


async def test_a_deadline_of_history_causes_nothing_in_the_present(harness):
    await reminded(harness, "a")
    await scheduler(harness, NOON + timedelta(days=30)).fire_due()
    (said,) = await harness.said()
    assert said.meta.backfill


async def test_a_timer_that_fails_does_not_hold_up_the_others(harness):
    from dataclasses import replace

    from tests.chassis.harness import COUNTER

    def decide(command, state):
        if state.key == "bad" and type(command).__name__ == "DeadlineReached":
            raise RuntimeError("broken")
        return COUNTER.decider.decide(command, state)

    room = harness.runner.aggregates["counter"]
    room.aggregate = replace(COUNTER, decider=replace(COUNTER.decider, decide=decide))
    await reminded(harness, "bad", "good")
    late = scheduler(harness, NOON + timedelta(hours=2))
    assert await late.fire_due() == 2
    assert (await harness.state("good")).rang == 1 and (await harness.state("bad")).rang == 0
    assert await late.fire_due() == 0


async def test_a_decider_that_never_moves_its_deadline_on_is_stopped(harness):
    from dataclasses import replace

    from tests.chassis.harness import COUNTER

    room = harness.runner.aggregates["counter"]
    await reminded(harness, "a")
    room.aggregate = replace(COUNTER, decider=replace(COUNTER.decider, decide=lambda _command, _state: []))
    failed = await harness.runner.fire_deadlines("counter", ["a"], NOON + timedelta(hours=2))
    assert "still returns" in str(failed["a"])


async def test_what_a_request_could_not_publish_is_swept(harness):
    async def away(_messages):
        raise BusUnavailable("away")

    harness.bus.before_publish = away
    outcome = await execute(harness.runner, CommandRequest("counter", "a", Add(at=NOON), NOON))
    assert outcome.entity.state.total == 1 and await harness.said() == []
    harness.bus.before_publish = None
    sweeper = scheduler(harness)
    assert await sweeper.publish_pending(after=5) == 0
    assert await sweeper.publish_pending(after=0) == 1
    assert await sweeper.publish_pending(after=0) == 0
    assert [m.event.score for m in await harness.said()] == [1]


async def test_a_timer_between_two_messages_is_owed_like_their_outputs(harness):
    await harness.put(lost(hours=1), captured(), at=NOON)
    await harness.put(captured(), at=NOON + timedelta(hours=3))
    await harness.run()
    again = await harness.restarted()
    await again.run()
    said = await again.said()
    assert len({m.meta.id for m in said}) == 3
    assert [m.meta.sequence for m in said] == [1, 2, 3, 1, 2, 3]


async def test_what_is_looked_for_every_second_is_found_by_an_index(harness, tmp_path, monkeypatch):
    """However many documents there are: a scan would cost an idle system more with every deal it keeps."""
    asked, find = [], harness.store.find

    async def listening(collection, where, *, order=None, **how):
        asked.append((collection, where, order))
        return await find(collection, where, order=order, **how)

    monkeypatch.setattr(harness.store, "find", listening)
    await scheduler(harness).fire_due()
    await scheduler(harness).publish_pending()
    assert len(asked) == 2
    collections = {c.name: c for room in harness.runner.aggregates.values() for c in room.codec.collections()}
    database = Database(tmp_path / "triptych.db")
    await database.start()
    await SqliteStore(database).ensure(collections.values())
    for name, where, order in asked:
        shape = CollectionTable(name, collections[name].fields)
        for sql, values in queries.pages(shape, where, order, False, None):
            plan = await database.read(
                lambda c, sql=sql, values=values: c.execute(f"EXPLAIN QUERY PLAN {sql}", (*values, 3)).fetchall())
            assert [str(row[3]).split()[0] for row in plan] == ["SEARCH"], plan
    await database.stop()
