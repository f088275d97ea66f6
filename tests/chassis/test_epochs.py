"""A topic whose log was made anew is gone on with in another epoch: what was taken in stays, and counts once."""
from typing import Any

import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.memory.bus import _Group
from chassis.aggregates.documents import decode_stored
from chassis.aggregates.fence_keys import PER_TOPIC
from chassis.messages.envelope import encode
from chassis.ports import BusUnavailable, Outgoing, TopicPartition
from chassis.projections import Projector
from chassis.projections.documents import decode_total
from chassis.runtime.application import Application
from chassis.runtime.host import load_definitions
from chassis.runtime.rebuild import CannotRebuild, Rebuild
from chassis.runtime.topic_epochs import TopicInUse, begin_epoch
from chassis.service.discovery import find_service
from chassis.support.settings import Settings
from tests.chassis.harness import LEADS, NOON, SCORES, captured
from tests.chassis.projecting import PLACE, Clicked, Moved, feed, letters, projector
from tests.chassis.test_application import make, quiet, running, until
from tests.faults.processes import DEFINITIONS


async def said(app: Application, *ids: int) -> None:
    await app.bus.publish([encode(captured("a", 1), id=f"e{n}", source="/crm", time=NOON) for n in ids])


def made_anew(bus: MemoryBus, topic: str) -> None:
    """Deleted and made again, under the same groups."""
    bus._logs[topic] = [[] for _ in bus._logs[topic]]


async def total(app: Application) -> int:
    found = await app.get("counter", "a")
    return 0 if found is None else found.state.total


async def lived() -> tuple[MemoryStore, MemoryBus]:
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as app:
        await said(app, *range(5))
        await quiet(app)
    made_anew(bus, LEADS)
    return store, bus


async def bumped(store: MemoryStore, bus: MemoryBus, *topics: str) -> Application:
    app = make(store, bus)
    await app.start()
    await begin_epoch(app, topics)
    return app


async def test_the_service_goes_on_from_the_beginning_and_knows_again_what_is_said_again():
    store, bus = await lived()
    await bumped(store, bus, LEADS)
    async with running(make(store, bus)) as app:
        await said(app, 3, 4, 5, 6)  # two that it has, two that it has not
        await quiet(app)
        assert await total(app) == 7 and app.health.ready
        assert [row.sequence for row in await app.history("counter", "a")] == [1, 2, 3, 4, 5, 6, 7]
        assert (await app.auditor.run_complete()).findings == []


async def test_without_it_the_service_stops_and_names_the_command():
    store, bus = await lived()
    async with running(make(store, bus)) as app:
        async def dead() -> bool:
            return bool(app.health.dead)

        await until(dead)
        assert "triptych stream bump-epoch" in app.health.dead


async def test_begun_twice_or_broken_off_it_is_the_same(monkeypatch: pytest.MonkeyPatch):
    store, bus = await lived()

    async def broken(*_: Any) -> None:
        raise BusUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(bus, "remove_group", broken)
        with pytest.raises(BusUnavailable):
            await bumped(store, bus, LEADS)
    await bumped(store, bus, LEADS)
    await bumped(store, bus, LEADS)
    async with running(make(store, bus)) as app:
        assert app.runner.fence_keys.epoch_of(LEADS) == 3
        await said(app, 4, 5)
        await quiet(app)
        assert await total(app) == 6


async def test_what_the_group_has_read_of_other_topics_stays_read():
    app = await figures_of_a_company()
    orders, leads = TopicPartition("crm.orders.v1", 0), TopicPartition(LEADS, 1)
    group = app.bus._groups.setdefault(app.group, _Group())
    group.committed |= {orders: 3, leads: 4}
    await begin_epoch(app, [SCORES])
    assert await app.bus.committed(app.group, app.topics) == {orders: 3, leads: 4}
    await begin_epoch(app, ["crm.orders.v1"])
    assert await app.bus.committed(app.group, app.topics) == {leads: 4}
    assert (app.runner.fence_keys.epoch_of("crm.orders.v1"), app.runner.fence_keys.epoch_of(LEADS)) == (1, 0)


async def test_a_group_with_members_is_left_alone():
    store, bus = MemoryStore(), MemoryBus()
    async with running(make(store, bus)) as app:
        await said(app, 1)
        await quiet(app)
        with pytest.raises(TopicInUse, match="has members"):
            await bumped(store, bus, LEADS)
        assert app.runner.fence_keys.epoch_of(LEADS) == 0


async def test_what_was_saved_and_never_published_is_published_before_it_is_given_up():
    """A crash between the two: who took over would have read the record again, but it is gone with the log."""
    store, bus = MemoryStore(), MemoryBus()

    async with running(make(store, bus)) as app:
        await said(app, 1)
        await quiet(app)
        async def stuck(messages: list[Outgoing]) -> None:
            if any(m.topic == SCORES for m in messages):
                raise BusUnavailable("no answer")

        bus.before_publish = stuck
        await said(app, 2)

        async def saved() -> bool:
            return await total(app) == 2

        await until(saved)
    bus.before_publish = None
    assert sum((await bus.end_offsets([SCORES])).values()) == 1
    made_anew(bus, LEADS)
    app = await bumped(store, bus, LEADS)
    numbers = [dict(r.headers)["ce_sequence"] for p in await bus.end_offsets([SCORES]) for r in await bus.read(p, 0, 9)]
    assert numbers[-1] == b"2"
    (document,) = (await store.load("lead_scoring.counter", ["a"])).values()
    retired = app.runner.fence_keys.retired_topics()
    assert not [e for e in decode_stored(document).outbox if e.fence_key // PER_TOPIC in retired]


async def figure(made: Projector) -> tuple[int, int]:
    cells = (await made.store.find("kpi.cells", {"grain": "day", "measure": "amount"})).documents
    totals = [decode_total(d.body) for d in cells]
    return sum(t.n for t in totals), sum(t.sum for t in totals)


async def test_figures_go_on_and_facts_and_signals_are_known_again():
    store = MemoryStore()
    made = await projector(store)
    await made.recover(PLACE)
    clicked = Clicked("home")
    await feed(made, letters(("e1", Moved("d1", amount=10)), ("e2", Moved("d2", amount=20)), ("c1", clicked)))
    before = await store.find("kpi.cells", {"grain": "day"})
    await made.begin_epoch(PLACE, 0)
    again = await projector(store)
    assert await again.recover(PLACE) == 0
    await feed(again, letters(("e2", Moved("d2", amount=20)), ("c1", clicked)))
    assert [d.body for d in (await store.find("kpi.cells", {"grain": "day"})).documents] == [
        d.body for d in before.documents]
    await feed(again, letters(("e3", Moved("d1", amount=15)), ("e4", Moved("d3", amount=7)), first=2))
    assert await figure(again) == (3, 42)
    assert await again.audit() == []


async def figures_of_a_company() -> Application:
    store, bus = MemoryStore(), MemoryBus()
    app = Application(find_service("kpi"), Settings(), store, bus, load_definitions(Settings(definitions=DEFINITIONS)))
    await app.start()
    return app


async def test_figures_are_not_counted_anew_from_a_log_that_lacks_their_past():
    app = await figures_of_a_company()
    await begin_epoch(app, ["crm.orders.v1"])
    with pytest.raises(CannotRebuild, match=r"beginning of crm\.orders\.v1"):
        async with Rebuild(app).running():
            pass
