"""A running service on memory adapters: events in, figures out, requests answered, deadlines kept."""
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.domain.definitions import Definitions
from chassis.runtime.application import Application
from chassis.service.context import CommandRefused
from chassis.support.settings import Settings
from tests.adapters.waiting import DEADLINE
from tests.chassis.harness import LEADS, NOON, SCORES, SERVICE, Add, Remind, captured


def make(store=None, bus=None, service=SERVICE) -> Application:
    return Application(service, Settings(), store or MemoryStore(), bus or MemoryBus(), Definitions())


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[Application]:
    await app.start()
    task = asyncio.create_task(app.run())
    try:
        yield app
    finally:
        await app.stop()
        await task


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def quiet(app: Application) -> None:
    async def done() -> bool:
        return not any((await app.freshness())["lag"].values())

    await until(done)


async def test_events_become_documents_and_events():
    async with running(make()) as app:
        for n in range(20):
            await app.publish(captured(f"k{n % 4}", 1), time=NOON, source="/crm", id=f"e{n}")
        await quiet(app)
        assert {k: (await app.get("counter", k)).state.total for k in ("k0", "k1", "k2", "k3")} == dict.fromkeys(
            ("k0", "k1", "k2", "k3"), 5)
        assert sum((await app.bus.end_offsets([SCORES])).values()) == 20
        assert [r.sequence for r in await app.history("counter", "k0")] == [1, 2, 3, 4, 5]
        assert [r.sequence for r in await app.history("counter", "k0", after=3)] == [4, 5]
        assert app.health.ready


async def test_a_request_takes_the_same_road_as_a_message():
    app = make()
    await app.start()
    outcome = await app.execute("counter", "a", Add(at=app.now(), n=4), principal="rep-1", idempotency_key="k")
    assert (outcome.entity.state.total, outcome.entity.rev, outcome.replayed) == (4, 1, False)
    assert [e.score for e in outcome.events] == [4]
    assert sum((await app.bus.end_offsets([SCORES])).values()) == 1
    page = await app.store.find("lead_scoring.counter", {})
    assert page.documents[0].index["_pending"] == 0


async def test_the_same_idempotency_key_is_answered_as_before_and_changes_nothing():
    app = make()
    await app.start()
    first = await app.execute("counter", "a", Add(at=app.now(), n=4), idempotency_key="k", body_hash="h")
    again = await app.execute("counter", "a", Add(at=app.now(), n=4), idempotency_key="k", body_hash="h", if_match=99)
    assert again.replayed and again.events == first.events and again.entity == first.entity
    with pytest.raises(CommandRefused) as refused:
        await app.execute("counter", "a", Add(at=app.now(), n=5), idempotency_key="k", body_hash="other")
    assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")


async def test_an_idempotency_key_is_forgotten_after_a_day_and_then_names_new_outputs(monkeypatch):
    app = make()
    await app.start()
    first = await app.execute("counter", "a", Add(at=app.now(), n=1), idempotency_key="k")
    later = app.now() + timedelta(hours=25)
    monkeypatch.setattr(app, "now", lambda: later)
    again = await app.execute("counter", "a", Add(at=app.now(), n=1), idempotency_key="k")
    assert not again.replayed and (first.entity.state.total, again.entity.state.total) == (1, 2)
    assert len({row.id for row in await app.history("counter", "a")}) == 2


async def test_a_stale_if_match_is_refused():
    app = make()
    await app.start()
    await app.execute("counter", "a", Add(at=app.now()))
    with pytest.raises(CommandRefused) as refused:
        await app.execute("counter", "a", Add(at=app.now()), if_match=0)
    assert (refused.value.status, refused.value.code) == (412, "stale")
    assert (await app.execute("counter", "a", Add(at=app.now()), if_match=1)).entity.rev == 2


async def test_what_a_decider_declines_is_a_conflict():
    app = make()
    await app.start()
    with pytest.raises(CommandRefused) as refused:
        await app.execute("counter", "a", Add(at=app.now(), n=0))
    assert (refused.value.status, refused.value.code) == (409, "nothing_to_add")
    assert await app.get("counter", "a") is None


async def test_requests_at_the_same_moment_all_count():
    app = make()
    await app.start()
    await asyncio.gather(*(app.execute("counter", "a", Add(at=app.now())) for _ in range(4)))
    assert (await app.get("counter", "a")).state.total == 4
    assert [r.sequence for r in await app.history("counter", "a")] == [1, 2, 3, 4]


@pytest.mark.slow
async def test_a_deadline_fires_by_the_clock_once_all_events_are_taken_in():
    async with running(make()) as app:
        await app.execute("counter", "a", Remind(at=app.now(), after=timedelta(milliseconds=50)))

        async def rang() -> bool:
            return (await app.get("counter", "a")).state.rang == 1

        await until(rang)
        assert [r.type for r in await app.history("counter", "a")] == ["crm.lead.qualified.v1"]


async def test_lists_and_counts_leave_out_what_only_was_refused():
    app = make()
    await app.start()
    await app.execute("counter", "a", Add(at=app.now(), n=2))
    await app.execute("counter", "b", Remind(at=app.now(), after=timedelta(days=1)))
    assert [e.key for e in (await app.find("counter", {}, order="total", descending=True)).items] == ["a", "b"]
    (group,) = await app.count("counter", {}, sums=["total"])
    assert (group.n, group.sums) == (2, {"total": 2})


async def test_the_service_answers_about_its_dead_letters_and_its_lag():
    async with running(make()) as app:
        await app.publish(captured(n=13), time=NOON, source="/crm", id="bad")
        await app.publish(captured(n=1), time=NOON, source="/crm", id="good")
        await quiet(app)
        transport = httpx.ASGITransport(app.api())
        async with httpx.AsyncClient(transport=transport, base_url="http://harness") as client:
            (letter,) = (await client.get("/v1/dead-letters")).json()["items"]
            assert (letter["code"], letter["event_id"], letter["status"]) == ("handler_failed", "bad", "open")
            assert (await client.get(f"/v1/dead-letters/{letter['id']}")).json()["key"] == "a"
            assert (await client.post(f"/v1/dead-letters/{letter['id']}/discard", json={})).status_code == 422
            done = await client.post(f"/v1/dead-letters/{letter['id']}/discard", json={"reason": "a test"})
            assert done.json()["status"] == "discarded"
            assert (await client.get("/v1/dead-letters/none")).status_code == 404
            assert (await client.get("/v1/lag")).json()["lag"] == {LEADS: 0}


async def test_the_management_port_tells_the_truth():
    async with running(make()) as app:
        transport = httpx.ASGITransport(app.management())
        async with httpx.AsyncClient(transport=transport, base_url="http://harness") as client:
            for path in ("/livez", "/readyz", "/startupz", "/version"):
                assert (await client.get(path)).status_code == 200
            assert "triptych_build_info" in (await client.get("/metrics")).text
            app.health.report_problem("events", "the store is away")
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/livez")).status_code == 200
            app.health.clear_problem("events")


async def test_jobs_of_a_service_run_with_its_context():
    from chassis.service.description import Job

    ran = asyncio.Event()

    async def job(context) -> None:
        await context.execute("counter", "job", Add(at=context.now()))
        ran.set()

    async with running(make(service=replace(SERVICE, jobs=(Job("count", 60, job),)))) as app:
        await asyncio.wait_for(ran.wait(), 5)
        assert (await app.get("counter", "job")).state.total == 1
