"""Figures are counted anew beside the living ones and switched over; whatever happens meanwhile is in both."""
import asyncio
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.domain.definitions import Definitions
from chassis.domain.projection import CellKey, FactContribution, Projection, Rejected, Touch
from chassis.ports import StoreUnavailable, TopicPartition
from chassis.projections import CellReader
from chassis.projections.generations import Generations
from chassis.runtime import rebuild as module
from chassis.runtime.application import Application
from chassis.runtime.rebuild import CannotRebuild, Rebuild
from chassis.service.context import ServiceContext
from chassis.service.description import Service, ServiceComponents
from chassis.support.settings import Settings
from contracts.crm import LeadCaptured
from tests.chassis.harness import LEADS, NOON, SERVICE, captured
from tests.chassis.test_application import quiet, running, until


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.runtime.application.LOOP_SECONDS", 0.05)
    monkeypatch.setattr(module, "TAKE_OVER_SECONDS", 0.4)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)


def touch(event: Any, _meta: Any) -> Iterable[Touch]:
    n = int((event.attributes or {}).get("n", 1))

    def fold(image: Any) -> Any:
        return Rejected("unlucky", "thirteen") if n == 13 else {"n": n + (image or {"n": 0})["n"]}

    yield Touch("lead", event.lead_id, fold)


def worth(times: int) -> Any:
    def contributions(_kind: str, image: Any) -> Iterable[FactContribution]:
        yield FactContribution(CellKey("worth", date(2026, 11, 2), ()), 1, times * image["n"])

    return contributions


def service(times: int = 1, base: str = "g1") -> Service:
    projection = Projection("leads", (LeadCaptured,), touch, worth(times))
    components = ServiceComponents(projection=projection, generation=base)
    return Service("kpi", "Counts.", lambda _d: components, (), (LeadCaptured,))


def make(store: Any, bus: Any, times: int = 1, base: str = "g1") -> Application:
    return Application(service(times, base), Settings(), store, bus, Definitions())


async def say(app: Application, *numbers: int, n: int = 2) -> None:
    for number in numbers:
        await app.publish(captured(f"k{number % 20}", n), time=NOON, source="/crm", id=f"e{number}")


async def total(context: ServiceContext) -> tuple[int, int]:
    """(leads, what they are worth), as the service answers."""
    cells = await CellReader(context.store, "kpi", context.generation).read("worth", None, None)
    return sum(c.n for c in cells), sum(c.sum for c in cells)


async def rebuilt(app: Application) -> Any:
    await app.start()
    rebuild = Rebuild(app)
    async with rebuild.running():
        await until(lambda: caught_up(rebuild))
        switched = await rebuild.switch()
    return switched, await rebuild.clean_up()


async def caught_up(rebuild: Rebuild) -> bool:
    return (await rebuild.remaining())[0] == 0


async def test_figures_are_equal_and_the_old_ones_are_gone():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        await say(live, *range(100))
        await say(live, 200, n=13)
        await quiet(live)
        before, topics = await total(live), list(bus._logs)
        ends = await bus.end_offsets(topics)
        switched, dropped = await rebuilt(make(store, bus))
        assert (switched.before, switched.now) == ("g1", "g1.2") and switched.compared == (1, [], [])
        assert live.generation == "g1.2" and await total(live) == before == (20, 200)
        assert await bus.end_offsets(topics) == ends, "a rebuilding generation publishes nothing"
        left = [await store.ids(f"kpi.{name}", prefix="g1|") for name in ("facts", "cells", "journal")]
        assert dropped > 0 and left == [[], [], []]
        assert list(await bus.groups()) == ["triptych.kpi"]
        await say(live, *range(100, 120))
        await quiet(live)
        await until(lambda: equal(live, (20, 240)))
        assert (await live.auditor.run_complete(patience=1)).findings == []


async def test_what_comes_while_it_is_counted_is_in_both():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        await say(live, *range(100))
        stop, said = asyncio.Event(), 100

        async def go_on() -> None:
            nonlocal said
            while not stop.is_set():
                await say(live, said)
                said += 1
                await asyncio.sleep(0.001)

        async def much_came() -> bool:
            return said > 150

        talking = asyncio.create_task(go_on())
        app = make(store, bus)
        await app.start()
        rebuild = Rebuild(app)
        async with rebuild.running():
            await until(much_came)
            await until(lambda: close(rebuild))
            switched = await rebuild.switch()
        stop.set()
        await talking
        assert switched.compared.differences == [] and switched.compared.measures == 1
        await rebuild.clean_up()
        await quiet(live)
        await until(lambda: equal(live, (20, 2 * said)))
        assert (await live.auditor.run_complete(patience=1)).findings == []


async def equal(context: ServiceContext, wanted: tuple[int, int]) -> bool:
    return await total(context) == wanted


async def test_killed_in_the_middle_it_goes_on_where_it_stopped():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        await say(live, *range(200))
        await quiet(live)
        first = make(store, bus)
        first.settings = Settings(batch=10)
        await first.start()
        rebuild = Rebuild(first)
        with pytest.raises(ZeroDivisionError):
            async with rebuild.running():
                await until(lambda: begun(rebuild))
                raise ZeroDivisionError
        assert (await live.generations.pointer()) == ("g1", "g1.2", 2) and live.generation == "g1"
        switched, _ = await rebuilt(make(store, bus))
        assert switched.now == "g1.2" and switched.compared == (1, [], []) and await total(live) == (20, 400)


async def close(rebuild: Rebuild) -> bool:
    return (await rebuild.remaining())[0] < 30


async def begun(rebuild: Rebuild) -> bool:
    left, records = await rebuild.remaining()
    return left < records


async def test_a_switch_whose_old_figures_were_never_dropped_is_tidied_up_by_the_next():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        await say(live, *range(50))
        await quiet(live)
        app = make(store, bus)
        await app.start()
        rebuild = Rebuild(app)
        async with rebuild.running():
            await until(lambda: caught_up(rebuild))
            await rebuild.switch()
        assert await app.generations.obsolete() == ["g1"]  # killed here
        switched, _ = await rebuilt(make(store, bus))
        assert switched.now == "g1.3" and await app.generations.obsolete() == []
        assert await total(live) == (20, 100)


async def test_figures_that_a_mended_rule_changes_are_named():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        await say(live, *range(10))
        await quiet(live)
    switched, _ = await rebuilt(make(store, bus, times=3))
    assert switched.compared.differences == [("worth", [10, 20, 0], [10, 60, 0])]
    async with running(make(store, bus, times=3)) as live:  # a service that starts reads which is the live one
        assert live.generation == "g1.2" and await total(live) == (10, 60)


async def test_other_definitions_are_counted_apart():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        await say(live, *range(10))
        await quiet(live)
        switched, dropped = await rebuilt(make(store, bus, base="g2"))
        assert (switched.before, switched.now) == ("g2", "g2.2") and dropped == 0
        assert live.generation == "g1" and await total(live) == (10, 20)
    async with running(make(store, bus, base="g2")) as live:  # started anew: all is counted already
        assert live.generation == "g2.2" and await total(live) == (10, 20)
        assert await live.generations.foreign() == ["g1"]
        app = make(store, bus, base="g2")
        await app.start()
        assert await Rebuild(app).clean_up(foreign=True) > 0 and await live.generations.foreign() == []
        assert await total(live) == (10, 20)


async def test_a_log_without_its_beginning_is_not_counted_anew():
    store, bus = MemoryStore(), MemoryBus()
    app = make(store, bus)
    await app.start()
    await say(app, *range(50))
    await bus.delete_before({TopicPartition(LEADS, p): 1 for p in range(8)})
    with pytest.raises(CannotRebuild, match="no longer has the beginning"):
        async with Rebuild(app).running():
            pass
    assert (await app.generations.pointer()).building is None


async def test_what_is_kept_as_it_is_is_not_rebuilt():
    app = Application(SERVICE, Settings(), MemoryStore(), MemoryBus(), Definitions())
    with pytest.raises(CannotRebuild, match="cannot be rebuilt"):
        Rebuild(app)


async def test_a_generation_in_use_is_not_dropped():
    store = MemoryStore()
    generations = Generations("kpi", store, "g1")
    await store.ensure([generations.collection])
    built = await generations.begin()
    assert built == await generations.begin() == "g1.2"
    for name in ("g1", "g1.2"):
        with pytest.raises(ValueError, match="in use"):
            await generations.drop(name)


async def test_a_service_whose_store_is_away_goes_on_with_what_it_had(monkeypatch: pytest.MonkeyPatch):
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as live:
        pointer = live.generations.pointer

        async def away() -> Any:
            raise StoreUnavailable("away")

        monkeypatch.setattr(live.generations, "pointer", away)
        await asyncio.sleep(0.2)
        monkeypatch.setattr(live.generations, "pointer", pointer)
        await say(live, 1)
        await quiet(live)
        assert await total(live) == (1, 2)


