"""Cut-off announcements: a new version goes to every customer once, later customers receive it when they buy."""
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


async def requests(service: RunningService) -> Counter[str]:
    """{customer: number of announcements} over the whole log."""
    found: Counter[str] = Counter()
    for place, end in (await service.app.bus.end_offsets([INTERNAL])).items():
        records = await service.app.bus.read(place, 0, end) if end else []
        found.update((r.key or b"").decode() for r in records if b"rescoring" in dict(r.headers)["ce_type"])
    return found


async def cutoffs(service: RunningService) -> CutoffsState:
    entity = await service.app.get("cutoffs", "rfm")
    assert entity is not None
    state: CutoffsState = entity.state
    return state


async def known(service: RunningService, key: str) -> int:
    entity = await service.app.get("customer", key)
    return entity.state.cutoffs["rfm"].version if entity and entity.state.cutoffs else 0


async def customers(service: RunningService, n: int) -> None:
    for i in range(n):
        await order(service, f"k{i:02}")
    await service.settle()


# --- a living service ------------------------------------------------------------------------------------------------


async def test_a_check_announces_nothing_while_nothing_has_changed(service: RunningService) -> None:
    await customers(service, 3)
    await check_and_announce(service)
    before = await cutoffs(service)
    assert (before.version, before.announced) == (1, 1)
    await check_and_announce(service)
    assert await cutoffs(service) == before
    assert await requests(service) == {"k00": 1, "k01": 1, "k02": 1}


async def test_equal_cut_offs_make_no_version_and_only_a_new_customer_receives_them(
    service: RunningService,
) -> None:
    await customers(service, 3)
    await check_and_announce(service)
    await order(service, "k9")
    await service.settle()
    assert await known(service, "k9") == 0
    await check_and_announce(service)
    state = await cutoffs(service)
    assert (state.version, state.base) == (1, "4:4:120000"), "with few customers the absolute ones hold"
    await check_and_announce(service)
    await check_and_announce(service)
    assert await requests(service) == {"k00": 1, "k01": 1, "k02": 1, "k9": 1}
    assert await known(service, "k9") == 1


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
    assert (await cutoffs(service)).base == first.base, "a thirtieth more is no reason to tell everybody in between"
    await check_and_announce(service)
    last = await cutoffs(service)
    assert (last.version, last.announced, last.base) == (2, 2, "30:31:5050000")
    assert last.cutoffs != first.cutoffs
    assert set((await requests(service)).values()) == {2}
    assert {await known(service, f"k{n:02}") for n in range(30)} == {2}


async def test_announcements_continue_after_a_crash_where_they_stopped(
    service: RunningService, monkeypatch: pytest.MonkeyPatch,
) -> None:
    await customers(service, 7)
    process, publish = runtime_of(service.app).process, service.app.publish
    monkeypatch.setattr(cutoff_announcements, "BATCH", 3)

    async def failing(event: Any, **more: Any) -> Any:
        if more["id"].endswith("k04"):
            raise ConnectionError("the process ends here")
        return await publish(event, **more)

    with monkeypatch.context() as patch:
        patch.setattr(service.app, "publish", failing)
        await check_cutoffs(service.app)
        process.pending, first = False, process.pending  # so that no turn of the service's own goes on with it
        assert first
        await announce(service.app)
        with pytest.raises(ConnectionError):
            await announce(service.app)
    assert ((await cutoffs(service)).announced, (await cutoffs(service)).announced_upto) == (0, "k02")
    await check_and_announce(service)
    state = await cutoffs(service)
    assert (state.version, state.announced, state.announced_upto) == (1, 1, None)
    counted = await requests(service)
    assert [counted[f"k{n:02}"] for n in (0, 1, 2, 6)] == [1, 1, 1, 1], "who had been told before is not told again"
    assert {await known(service, f"k{n:02}") for n in range(7)} == {1}
    for n in range(7):
        kinds = [row.type for row in await service.app.history("customer", f"k{n:02}")]
        assert kinds == ["crm.segment.entered.v1"], "it entered once"


async def test_a_repeated_announcement_has_the_same_content_and_id(service: RunningService) -> None:
    await customers(service, 2)
    await check_and_announce(service)
    await order(service, "k9")
    await service.settle()
    said: list[tuple[Any, ...]] = []

    async def listening(event: Any, *, time: datetime, source: str, id: str, **_: Any) -> None:
        said.append((event, time, source, id))

    process = runtime_of(service.app).process
    service.app.publish, say = listening, service.app.publish  # type: ignore[method-assign, assignment]
    await announce(service.app)
    await announce(service.app)
    service.app.publish = say  # type: ignore[method-assign]
    assert len(said) == 2 and said[0] == said[1]
    assert said[0][1] >= (await service.app.get("customer", "k9")).updated_at  # type: ignore[union-attr, operator]
    process.pending = True
    await announce_all(service)
    assert await known(service, "k9") == 1


async def test_history_is_evaluated_each_time_although_the_cut_offs_stay(service: RunningService) -> None:
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
    assert await requests(service) == {"k00": 3, "k01": 1}
    assert [r for r in await service.app.history("customer", "k00") if r.type == "crm.segment.left.v1"]


async def test_an_erased_customer_receives_nothing(service: RunningService) -> None:
    await order(service, "k00", days_ago=40)
    await service.publish(CustomerErased(customer_id="k00"), "e1")
    await customers(service, 2)
    await check_and_announce(service)
    assert await requests(service) == {"k01": 1}


async def test_recomputing_the_present_cut_offs_answers_their_version(service: RunningService) -> None:
    await customers(service, 2)
    for _ in range(2):
        asked = await service.client.post("/v1/segments/recompute", params={"as_of": str(service.app.now().date())})
        assert (asked.status_code, asked.json()["version"]) == (202, 1)
    await announce_all(service)
    assert await requests(service) == {"k00": 1, "k01": 1}


async def test_cut_offs_of_a_past_day_are_announced_and_then_those_of_today(
    service: RunningService,
) -> None:
    await customers(service, 2)
    await check_and_announce(service)
    today = (await cutoffs(service)).as_of
    assert today is not None
    await recompute(service.app, ONE.first, today - timedelta(days=9), "asked")
    await announce_all(service)
    assert await requests(service) == {"k00": 2, "k01": 2}
    await check_and_announce(service)
    state = await cutoffs(service)
    assert (state.version, state.as_of) == (3, today)
    assert await requests(service) == {"k00": 3, "k01": 3}


async def test_a_turn_waits_until_everything_logged_before_is_processed(service: RunningService) -> None:
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
    made = state or CUTOFFS.initial_state("rfm")
    for command in commands:
        for event in CUTOFFS.decide(command, made):
            made = CUTOFFS.evolve(made, event)
    return made


def test_a_version_is_other_cut_offs_another_day_or_other_definitions() -> None:
    once = after(moved())
    assert (once.version, once.base) == (1, "1:1:1")
    again = after(moved(base="2:2:2"), state=once)
    assert (again.version, again.base, again.moved_at) == (1, "2:2:2", once.moved_at)
    assert after(moved(), state=once) is once
    other = {**ABSOLUTE, "frequency": (1, 2, 3, 4)}
    for command in (moved(other), moved(as_of=1), moved(as_of=-1), moved(definitions="rfm@2")):
        assert after(command, state=once).version == 2


def test_how_far_a_version_is_told_never_goes_back_and_is_that_version_s_only() -> None:
    def note(version: int, upto: str | None) -> RecordAnnouncement:
        return RecordAnnouncement(at=at(), version=version, upto=upto)

    halfway = after(moved(), note(1, "k5"), note(1, "k3"))
    assert (halfway.announced_upto, halfway.announced) == ("k5", 0)
    assert after(moved(as_of=1), state=halfway).announced_upto is None
    assert after(moved(as_of=1), note(1, None), state=halfway).announced == 0
    done = after(note(1, None), note(1, "k4"), state=halfway)
    assert (done.announced_upto, done.announced) == (None, 1)


def test_a_customer_waits_that_has_bought_and_knows_no_cut_offs_or_has_history_nobody_looked_at() -> None:
    assert not awaited_segmentations(ONE, customer_after()[0])
    assert awaited_segmentations(ONE, customer_after(bought())[0]) == [ONE.first]
    assert not awaited_segmentations(ONE, customer_after(bought(), rescore(1, 1))[0])
    history = customer_after(bought(), rescore(1, 1), bought(-9, live=False))[0]
    assert history.unplaced and awaited_segmentations(ONE, history) == [ONE.first]
    for placed in (rescore(1, 2), bought(3)):
        state = customer_after(bought(), rescore(1, 1), bought(-9, live=False), placed)[0]
        assert not awaited_segmentations(ONE, state) and state.placements["rfm"].profile.frequency > 1


def test_the_base_is_another_one_by_a_quarter_or_where_little_matters_by_anything() -> None:
    base = CustomerBase(100, 1000, 50_000)
    assert not base.differs(str(base), True)
    assert not base.differs("81:1000:50000", False) and base.differs("81:1000:50000", True)
    assert base.differs("80:1000:50000", False) and base.differs("100:1000:70000", False)
    assert base.differs("asked", False) and base.differs("", False) and base.differs("0:0:0", False)


def test_what_an_earlier_release_has_saved_is_read_and_its_customers_are_all_told_once_more() -> None:
    def earlier(state: Any, *new: str) -> bytes:
        return msgspec.msgpack.encode({k: v for k, v in msgspec.to_builtins(state).items() if k not in new})

    saved = customer_after(bought(), rescore(1, 1))[0]
    assert msgspec.msgpack.decode(earlier(saved, "unplaced"), type=CustomerState) == saved
    one = CutoffsState("rfm", 4, day(), datetime(2026, 3, 2, tzinfo=UTC), ABSOLUTE, "1:1:1", 4)
    read = msgspec.msgpack.decode(earlier(one, "definitions", "reached"), type=CutoffsState)
    assert read == one
    assert after(moved(), state=read).version == 5
