"""Cut-off announcements: a new version is sent to every customer once, and to later customers after a purchase."""
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.crm import CustomerErased, OrderPlaced
from contracts.kinds import Money
from contracts.segmentation import INTERNAL
from services.segmentation.api import cutoff_announcements
from services.segmentation.api.cutoff_announcements import announce, check_cutoffs, recompute, run_turn
from services.segmentation.commands import MoveCutoffs, RecordAnnouncement
from services.segmentation.decider.cutoffs import CUTOFFS
from services.segmentation.queries.customers import awaited_segmentations
from services.segmentation.queries.process_state import CustomerBase, runtime_of
from services.segmentation.service import SERVICE
from services.segmentation.state.customer import CustomerState
from services.segmentation.state.cutoffs import CutoffsState
from tests.support.running_service import RunningService, running_service

from .builders import ONE, at, bought, customer_after, day, rescore
from .cutoff_job import announce_all, check_and_announce

ABSOLUTE = {axis: tuple(four) for axis, four in ONE.first.absolute.items()}


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(SERVICE, request.param, tmp_path) as service:
        runtime_of(service.app).process.next_check = float("inf")  # these tests run the checks
        yield service


async def order(service: RunningService, key: str, amount: int = 30_000, days_ago: float = 0, id: str = "o1") -> None:
    placed = OrderPlaced(order_id=id, customer_id=key, amount=Money(amount_minor=amount, currency="EUR"))
    time = service.app.now() - timedelta(days=days_ago)
    await service.app.publish(placed, time=time, source="/shop", id=f"{key}-{id}")


async def announcements(service: RunningService) -> Counter[str]:
    """{customer: number of announcements} over the whole log."""
    found: Counter[str] = Counter()
    for partition, end in (await service.app.bus.end_offsets([INTERNAL])).items():
        records = await service.app.bus.read(partition, 0, end) if end else []
        found.update((r.key or b"").decode() for r in records if b"rescoring" in dict(r.headers)["ce_type"])
    return found


async def cutoffs(service: RunningService) -> CutoffsState:
    entity = await service.app.get("cutoffs", "rfm")
    assert entity is not None
    state: CutoffsState = entity.state
    return state


async def received_version(service: RunningService, key: str) -> int:
    entity = await service.app.get("customer", key)
    return entity.state.cutoffs["rfm"].version if entity and entity.state.cutoffs else 0


async def customers(service: RunningService, n: int) -> None:
    for i in range(n):
        await order(service, f"k{i:02}")
    await service.settle()


# --- a running service -----------------------------------------------------------------------------------------------


async def test_a_check_announces_nothing_while_nothing_has_changed(service: RunningService) -> None:
    await customers(service, 3)
    await check_and_announce(service)
    before = await cutoffs(service)
    assert (before.version, before.announced) == (1, 1)
    await check_and_announce(service)
    assert await cutoffs(service) == before
    assert await announcements(service) == {"k00": 1, "k01": 1, "k02": 1}


async def test_equal_cut_offs_create_no_version_and_only_a_new_customer_receives_them(
    service: RunningService,
) -> None:
    await customers(service, 3)
    await check_and_announce(service)
    await order(service, "k9")
    await service.settle()
    assert await received_version(service, "k9") == 0
    await check_and_announce(service)
    state = await cutoffs(service)
    assert (state.version, state.base) == (1, "4:4:120000"), "with few customers the absolute cut-offs apply"
    await check_and_announce(service)
    await check_and_announce(service)
    assert await announcements(service) == {"k00": 1, "k01": 1, "k02": 1, "k9": 1}
    assert await received_version(service, "k9") == 1


async def test_a_small_change_waits_until_the_customer_base_is_stable(service: RunningService) -> None:
    for n in range(30):
        await order(service, f"k{n:02}", 10_000 * (n + 1), days_ago=n % 5)
    await service.settle()
    await check_and_announce(service)
    runtime_of(service.app).process.quiet_until = 0.0
    await order(service, "k29", 400_000, id="o2")
    await service.settle()
    first = await cutoffs(service)
    await check_and_announce(service)
    assert (await cutoffs(service)).base == first.base, "a change of one thirtieth is not announced at once"
    await check_and_announce(service)
    last = await cutoffs(service)
    assert (last.version, last.announced, last.base) == (2, 2, "30:31:5050000")
    assert last.cutoffs != first.cutoffs
    assert set((await announcements(service)).values()) == {2}
    assert {await received_version(service, f"k{n:02}") for n in range(30)} == {2}


async def test_announcements_continue_after_a_crash_where_they_stopped(
    service: RunningService, monkeypatch: pytest.MonkeyPatch,
) -> None:
    await customers(service, 7)
    process, publish = runtime_of(service.app).process, service.app.publish
    monkeypatch.setattr(cutoff_announcements, "BATCH", 3)

    async def failing(event: Any, **more: Any) -> Any:
        if more["id"].endswith("k04"):
            raise ConnectionError("simulated crash")
        return await publish(event, **more)

    with monkeypatch.context() as patch:
        patch.setattr(service.app, "publish", failing)
        await check_cutoffs(service.app)
        process.pending, first = False, process.pending  # the job of the running service must not continue it
        assert first
        await announce(service.app)
        with pytest.raises(ConnectionError):
            await announce(service.app)
    assert ((await cutoffs(service)).announced, (await cutoffs(service)).announced_upto) == (0, "k02")
    await check_and_announce(service)
    state = await cutoffs(service)
    assert (state.version, state.announced, state.announced_upto) == (1, 1, None)
    counted = await announcements(service)
    assert [counted[f"k{n:02}"] for n in (0, 1, 2, 6)] == [1, 1, 1, 1], "sent before the crash, not sent again"
    assert {await received_version(service, f"k{n:02}") for n in range(7)} == {1}
    for n in range(7):
        kinds = [row.type for row in await service.app.history("customer", f"k{n:02}")]
        assert kinds == ["crm.segment.entered.v1"], "one entering per customer"


async def test_a_repeated_announcement_has_the_same_content_and_id(service: RunningService) -> None:
    await customers(service, 2)
    await check_and_announce(service)
    await order(service, "k9")
    await service.settle()
    announced: list[tuple[Any, ...]] = []

    async def recording(event: Any, *, time: datetime, source: str, id: str, **_: Any) -> None:
        announced.append((event, time, source, id))

    process = runtime_of(service.app).process
    service.app.publish, publish = recording, service.app.publish  # type: ignore[method-assign, assignment]
    await announce(service.app)
    await announce(service.app)
    service.app.publish = publish  # type: ignore[method-assign]
    assert len(announced) == 2 and announced[0] == announced[1]
    assert announced[0][1] >= (await service.app.get("customer", "k9")).updated_at  # type: ignore[union-attr, operator]
    process.pending = True
    await announce_all(service)
    assert await received_version(service, "k9") == 1


async def test_imported_orders_are_evaluated_although_the_cut_offs_are_unchanged(service: RunningService) -> None:
    await customers(service, 2)
    await check_and_announce(service)
    for n in (1, 2):
        await order(service, "k00", 5_000_000, days_ago=40, id=f"old-{n}")
        await service.settle()
        state = (await service.app.get("customer", "k00")).state  # type: ignore[union-attr]
        assert state.unplaced and state.placements["rfm"].profile.frequency == n
        await check_and_announce(service)
        state = (await service.app.get("customer", "k00")).state  # type: ignore[union-attr]
        assert not state.unplaced and state.placements["rfm"].profile.frequency == n + 1
    assert (await cutoffs(service)).version == 1
    assert await announcements(service) == {"k00": 3, "k01": 1}
    assert [r for r in await service.app.history("customer", "k00") if r.type == "crm.segment.left.v1"]


async def test_an_erased_customer_receives_nothing(service: RunningService) -> None:
    await order(service, "k00", days_ago=40)
    await service.publish(CustomerErased(customer_id="k00"), "e1")
    await customers(service, 2)
    await check_and_announce(service)
    assert await announcements(service) == {"k01": 1}


async def test_recomputing_unchanged_cut_offs_returns_their_version(service: RunningService) -> None:
    await customers(service, 2)
    for _ in range(2):
        response = await service.client.post("/v1/segments/recompute", params={"as_of": str(service.app.now().date())})
        assert (response.status_code, response.json()["version"]) == (202, 1)
    await announce_all(service)
    assert await announcements(service) == {"k00": 1, "k01": 1}


async def test_cut_offs_of_a_past_day_are_announced_and_then_those_of_today(
    service: RunningService,
) -> None:
    await customers(service, 2)
    await check_and_announce(service)
    today = (await cutoffs(service)).as_of
    assert today is not None
    await recompute(service.app, ONE.first, today - timedelta(days=9), "asked")
    await announce_all(service)
    assert await announcements(service) == {"k00": 2, "k01": 2}
    await check_and_announce(service)
    state = await cutoffs(service)
    assert (state.version, state.as_of) == (3, today)
    assert await announcements(service) == {"k00": 3, "k01": 3}


async def test_a_run_of_the_job_waits_until_all_earlier_events_are_processed(service: RunningService) -> None:
    assert service.app.worker is not None
    await service.app.worker.stop()
    await order(service, "k00")
    process = runtime_of(service.app).process
    process.next_check = 0.0
    await run_turn(service.app)
    assert process.next_check == 0.0 and await service.app.get("cutoffs", "rfm") is None


# --- decisions -------------------------------------------------------------------------------------------------------


def moved(cutoffs: Any = None, as_of: int = 0, base: str = "1:1:1", definitions: str = "rfm@1") -> MoveCutoffs:
    return MoveCutoffs(at=at(as_of), as_of=day(as_of), cutoffs=cutoffs or ABSOLUTE, base=base, definitions=definitions)


def after(*commands: Any, state: CutoffsState | None = None) -> CutoffsState:
    current = state or CUTOFFS.initial_state("rfm")
    for command in commands:
        for event in CUTOFFS.decide(command, current):
            current = CUTOFFS.evolve(current, event)
    return current


def test_other_cut_offs_another_day_or_other_definitions_create_a_version() -> None:
    once = after(moved())
    assert (once.version, once.base) == (1, "1:1:1")
    again = after(moved(base="2:2:2"), state=once)
    assert (again.version, again.base, again.moved_at) == (1, "2:2:2", once.moved_at)
    assert after(moved(), state=once) is once
    other = {**ABSOLUTE, "frequency": (1, 2, 3, 4)}
    for command in (moved(other), moved(as_of=1), moved(as_of=-1), moved(definitions="rfm@2")):
        assert after(command, state=once).version == 2


def test_the_progress_of_a_version_never_decreases_and_belongs_to_that_version_only() -> None:
    def progress(version: int, upto: str | None) -> RecordAnnouncement:
        return RecordAnnouncement(at=at(), version=version, upto=upto)

    halfway = after(moved(), progress(1, "k5"), progress(1, "k3"))
    assert (halfway.announced_upto, halfway.announced) == ("k5", 0)
    assert after(moved(as_of=1), state=halfway).announced_upto is None
    assert after(moved(as_of=1), progress(1, None), state=halfway).announced == 0
    done = after(progress(1, None), progress(1, "k4"), state=halfway)
    assert (done.announced_upto, done.announced) == (None, 1)


def test_customers_without_cut_offs_or_with_unevaluated_history_await_an_announcement() -> None:
    assert not awaited_segmentations(ONE, customer_after()[0])
    assert awaited_segmentations(ONE, customer_after(bought())[0]) == [ONE.first]
    assert not awaited_segmentations(ONE, customer_after(bought(), rescore(1, 1))[0])
    history = customer_after(bought(), rescore(1, 1), bought(-9, live=False))[0]
    assert history.unplaced and awaited_segmentations(ONE, history) == [ONE.first]
    for placed in (rescore(1, 2), bought(3)):
        state = customer_after(bought(), rescore(1, 1), bought(-9, live=False), placed)[0]
        assert not awaited_segmentations(ONE, state) and state.placements["rfm"].profile.frequency > 1


def test_the_base_differs_by_a_quarter_or_on_request_by_any_amount() -> None:
    base = CustomerBase(100, 1000, 50_000)
    assert not base.differs(str(base), True)
    assert not base.differs("81:1000:50000", False) and base.differs("81:1000:50000", True)
    assert base.differs("80:1000:50000", False) and base.differs("100:1000:70000", False)
    assert base.differs("asked", False) and base.differs("", False) and base.differs("0:0:0", False)


def test_the_state_of_an_earlier_release_is_read_and_its_cut_offs_become_a_new_version() -> None:
    def earlier(state: Any, *new: str) -> bytes:
        return msgspec.msgpack.encode({k: v for k, v in msgspec.to_builtins(state).items() if k not in new})

    saved = customer_after(bought(), rescore(1, 1))[0]
    assert msgspec.msgpack.decode(earlier(saved, "unplaced"), type=CustomerState) == saved
    one = CutoffsState("rfm", 4, day(), datetime(2026, 3, 2, tzinfo=UTC), ABSOLUTE, "1:1:1", 4)
    decoded = msgspec.msgpack.decode(earlier(one, "definitions", "reached"), type=CutoffsState)
    assert decoded == one
    assert after(moved(), state=decoded).version == 5
