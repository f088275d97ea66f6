"""A process may die at any call of store or log: whoever goes on leaves every figure exact. Memory and SQLite."""
import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore
from chassis.aggregates import CommandRequest, Runner, execute
from chassis.ports import Bus, BusUnavailable, Store, StoreUnavailable
from chassis.service.context import CommandRefused
from contracts.crm import LeadCaptured
from tests.chassis.harness import NOON, Add, Harness, captured, lost
from tests.support.effort import examples

WRITES = ("save", "save_newer", "publish")


class Crash(BaseException):
    """The process is gone: nobody catches it."""


class Failing:
    """A port that fails at its n-th write: `before` it happens, `after` it has, or not at all."""

    def __init__(self, port: Any, plan: "Plan", error: type[BaseException]) -> None:
        self._port, self._plan, self._error = port, plan, error

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)
        if name not in WRITES:
            return call

        async def written(*arguments: Any) -> Any:
            when = self._plan.next()
            if when == "before":
                raise self._plan.error or self._error("did not happen")
            answer = await call(*arguments)
            if when == "after":
                raise self._plan.error or self._error("happened, but who knows")
            return answer

        return written


class Plan:
    def __init__(self, fails: dict[int, str], error: BaseException | None = None) -> None:
        self.fails, self.error, self.calls = fails, error, 0

    def next(self) -> str | None:
        self.calls += 1
        return self.fails.get(self.calls)


@pytest.fixture(params=["memory", "sqlite"])
async def ports(request, tmp_path) -> AsyncIterator[tuple[Store, Bus]]:
    if request.param == "memory":
        yield MemoryStore(), MemoryBus()
        return
    database = Database(tmp_path / "harness.db")
    store, bus = SqliteStore(database), SqliteBus(database)
    await store.start()
    await bus.start()
    yield store, bus
    await bus.stop()
    await store.stop()


async def fill(harness: Harness) -> None:
    await harness.put(captured("a", 1, also="b"), captured("b", 2), captured("a", 13), captured("c", 4), lost("a", 1))
    await harness.put(captured("a", 8), captured("b", 16), at=NOON.replace(hour=15))


async def exact(harness: Harness) -> None:
    """What an untroubled run leads to, and each output under one id, in order, with no gap."""
    assert {k: (await harness.state(k)).total for k in "abc"} == {"a": 9, "b": 19, "c": 4}
    assert (await harness.state("a")).rang == 1
    assert [x.code for x in await harness.letters.list()] == ["handler_failed"]
    content: dict[str, Any] = {}
    heard: dict[str, int] = {}
    for message in await harness.said():
        assert content.setdefault(message.meta.id, message.event) == message.event
        last = heard.get(message.key, 0)
        assert message.meta.sequence is not None and message.meta.sequence <= last + 1
        heard[message.key] = max(last, message.meta.sequence)
    assert heard == {"a": 3, "b": 3, "c": 1} and len(content) == 7
    assert len(await harness.store.ids("lead_scoring.counter.history")) == 7


def failing(harness: Harness, plan: Plan) -> Harness:
    store: Any = Failing(harness.store, plan, StoreUnavailable)
    bus: Any = Failing(harness.bus, plan, BusUnavailable)
    return Harness(store, bus)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 5))  # dead letters, documents, rows, outputs
async def test_a_crash_at_any_write_leaves_everything_exact(ports, when, step):
    harness = await Harness(*ports).start()
    await fill(harness)
    doomed = failing(harness, Plan({step: when}, Crash()))
    await doomed.runner.start()
    with pytest.raises(Crash):
        await doomed.run()
    await (await harness.restarted()).run()
    await exact(harness)


async def test_a_batch_has_four_writes(ports):
    """The steps above are all there are."""
    harness = await Harness(*ports).start()
    await fill(harness)
    plan = Plan({})
    watched = failing(harness, plan)
    await watched.runner.start()
    plan.calls = 0
    await watched.run()
    assert plan.calls == 4


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 6))
async def test_one_lost_answer_at_any_write_leaves_everything_exact(ports, when, step):
    harness = await Harness(*ports).start()
    await fill(harness)
    doomed = failing(harness, Plan({step: when}))
    await doomed.runner.start()
    for _ in range(3):
        try:
            await doomed.run()
            break
        except (StoreUnavailable, BusUnavailable):
            continue
    await exact(harness)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 5))
async def test_a_request_whose_answer_was_lost_counts_once(ports, when, step):
    harness = await Harness(*ports).start()
    doomed = failing(harness, Plan({step: when}))
    await doomed.runner.start()
    outcome = await execute(doomed.runner, CommandRequest("counter", "a", Add(at=NOON, n=5), NOON))
    assert [e.score for e in outcome.events] == [5]
    assert (await harness.state("a")).total == 5
    await harness.runner.publish_pending("counter", ["a"])
    assert {m.event.score for m in await harness.said()} == {5}
    assert len({m.meta.id for m in await harness.said()}) == 1


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), faults=st.integers(0, 12), workers=st.integers(1, 3))
async def test_random_batches_crashes_zombies_and_copies_leave_figures_exact(seed, faults, workers):
    chance = random.Random(seed)
    harness = await Harness().start()
    events = [(captured(chance.choice("abc"), chance.randint(1, 5)), f"e{n}") for n in range(12)]
    copies = [*events, *chance.sample(events, 4)]
    await harness.put(*(e for e, _ in copies), ids=[i for _, i in copies])
    plan = Plan({chance.randint(1, 60): chance.choice(["before", "after"]) for _ in range(faults)})
    crews = [failing(harness, plan) for _ in range(workers)]
    for crew in crews:
        await crew.runner.start()
    committed = 0
    for _ in range(200):
        if committed >= len(copies):
            break
        n = chance.randrange(workers)
        hi = committed + chance.randint(1, 5)
        try:
            await crews[n].run(lo=committed, hi=hi)
        except (StoreUnavailable, BusUnavailable):
            if chance.random() < 0.5:
                plan.error = None
                crews[n] = failing(harness, plan)
                try:
                    await crews[n].runner.start()
                except StoreUnavailable:
                    crews[n] = await harness.restarted()
            continue
        if chance.random() < 0.7:  # else somebody else does it again
            committed = hi
    await (await harness.restarted()).run(lo=committed)
    expected: dict[str, int] = {}
    for event, _ in events:
        expected[event.lead_id] = expected.get(event.lead_id, 0) + event.attributes["n"]
    assert {key: (await harness.state(key)).total for key in expected} == expected
    heard: dict[str, int] = {}
    for message in await harness.said():
        last = heard.get(message.key, 0)
        assert message.meta.sequence is not None and message.meta.sequence <= last + 1
        heard[message.key] = max(last, message.meta.sequence)
    assert heard == {key: sum(1 for e, _ in events if e.lead_id == key) for key in expected}


class Straying:
    """A port whose calls take a while, so that all who use it get into each other's way."""

    def __init__(self, port: Any, chance: random.Random, plan: Plan) -> None:
        self._port, self._chance, self._plan = port, chance, plan

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        async def slow(*arguments: Any) -> Any:
            await self._stray()
            when = self._plan.next() if name in WRITES else None
            error = BusUnavailable("away") if name == "publish" else StoreUnavailable("away")
            if when == "before":
                raise error
            answer = await call(*arguments)
            await self._stray()
            if when == "after":
                raise error
            return answer

        return slow

    async def _stray(self) -> None:
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), faults=st.integers(0, 8))
async def test_messages_requests_deadlines_and_sweeps_at_the_same_time_leave_figures_exact(seed, faults):
    chance = random.Random(seed)
    harness = await Harness().start()
    await harness.put(*(captured(chance.choice("ab"), 1) for _ in range(10)), ids=[f"e{n}" for n in range(10)])
    await harness.put(lost("a", 1), lost("b", 2))
    plan = Plan({chance.randint(1, 60): chance.choice(["before", "after"]) for _ in range(faults)})

    def crew() -> Runner:
        store, bus = (Straying(port, chance, plan) for port in (harness.store, harness.bus))
        made = Harness(store, bus).runner  # type: ignore[arg-type]
        made.fence_keys._topics = harness.runner.fence_keys._topics
        return made

    async def again(work: Callable[[], Awaitable[Any]]) -> None:
        while True:
            try:
                await work()
                return
            except (StoreUnavailable, BusUnavailable):
                await asyncio.sleep(0)
            except CommandRefused as refusal:
                assert refusal.code == "busy"

    async def consume(runner: Runner) -> None:
        for lo in range(0, 12, 3):
            batch = await harness.batch(lo=lo, hi=lo + 3)
            await again(partial(runner.run, batch))

    async def request(runner: Runner, n: int) -> None:
        asked = CommandRequest(
            "counter", "ab"[n % 2], Add(at=NOON, n=100), NOON, idempotency_key=f"r{n}", principal="rep")
        await again(partial(execute, runner, asked))

    async def tend(runner: Runner) -> None:
        for _ in range(5):
            await again(partial(runner.fire_deadlines, "counter", ["a", "b"], NOON + timedelta(hours=3)))
            await again(partial(runner.publish_pending, "counter", ["a", "b"]))

    await asyncio.gather(
        consume(crew()), consume(crew()), *(request(crew(), n) for n in range(4)), tend(crew()), tend(crew()))
    await (await harness.restarted()).run()
    calm = await harness.restarted()
    await calm.runner.fire_deadlines("counter", ["a", "b"], NOON + timedelta(hours=3))
    await calm.runner.publish_pending("counter", ["a", "b"])
    events = [m.event for m in [r for s in (await harness.batch()).values() for r in s.messages]]
    for key in "ab":
        state = await harness.state(key)
        assert state.total == 200 + sum(1 for e in events if isinstance(e, LeadCaptured) and e.lead_id == key)
        assert state.rang == 1
        stored, _ = await harness.stored(key)
        heard, ids = 0, dict[str, Any]()
        for message in [m for m in await harness.said() if m.key == key]:
            assert ids.setdefault(message.meta.id, message.event) == message.event
            assert message.meta.sequence is not None and message.meta.sequence <= heard + 1
            heard = max(heard, message.meta.sequence)
        assert heard == stored.outbox_sequence == len(ids)
        assert not any(e.fence_key < 0 for e in stored.outbox)
