"""Who is told of cut-offs, when, and how often: everybody of a new version, nobody twice, the new ones as they come."""
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
from services.segmentation.api.cutoff_announcements import keep_cutoffs, look, recompute, tell
from services.segmentation.commands import MoveCutoffs, NoteTold
from services.segmentation.decider import CUTOFFS
from services.segmentation.queries import Base, awaits
from services.segmentation.service import SERVICE
from services.segmentation.state import Customer, CutoffsState
from tests.living import House, living

from .looking import looked, told
from .scenes import ONE, at, bought, customer, day, rescore

ABSOLUTE = {axis: tuple(four) for axis, four in ONE.first.absolute.items()}


@pytest.fixture(params=["memory", "sqlite"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with living(SERVICE, request.param, tmp_path) as house:
        house.app.parts.extra.memory.look_again = float("inf")  # these tests say when to look
        yield house


async def order(house: House, key: str, amount: int = 30_000, days_ago: float = 0, id: str = "o1") -> None:
    placed = OrderPlaced(order_id=id, customer_id=key, amount=Money(amount_minor=amount, currency="EUR"))
    time = house.app.now() - timedelta(days=days_ago)
    await house.app.say(placed, time=time, source="/shop", id=f"{key}-{id}")


async def requests(house: House) -> Counter[str]:
    """{customer: how often it was told}, of all that was ever said."""
    found: Counter[str] = Counter()
    for place, end in (await house.app.bus.end_offsets([INTERNAL])).items():
        records = await house.app.bus.read(place, 0, end) if end else []
        found.update((r.key or b"").decode() for r in records if b"rescoring" in dict(r.headers)["ce_type"])
    return found


async def cutoffs(house: House) -> CutoffsState:
    entity = await house.app.read("cutoffs", "rfm")
    assert entity is not None
    state: CutoffsState = entity.state
    return state


async def known(house: House, key: str) -> int:
    entity = await house.app.read("customer", key)
    return entity.state.cutoffs["rfm"].version if entity and entity.state.cutoffs else 0


async def customers(house: House, n: int) -> None:
    for i in range(n):
        await order(house, f"k{i:02}")
    await house.quiet()


# --- a living house --------------------------------------------------------------------------------------------------


async def test_looking_again_tells_nobody_anything_while_nothing_has_changed(house: House) -> None:
    await customers(house, 3)
    await looked(house)
    before = await cutoffs(house)
    assert (before.version, before.told) == (1, 1)
    await looked(house)
    assert await cutoffs(house) == before
    assert await requests(house) == {"k00": 1, "k01": 1, "k02": 1}


async def test_equal_cut_offs_are_no_new_version_and_only_the_new_customer_is_told_once(house: House) -> None:
    await customers(house, 3)
    await looked(house)
    await order(house, "k9")
    await house.quiet()
    assert await known(house, "k9") == 0
    await looked(house)
    state = await cutoffs(house)
    assert (state.version, state.base) == (1, "4:4:120000"), "with few customers the absolute ones hold"
    await looked(house)
    await looked(house)
    assert await requests(house) == {"k00": 1, "k01": 1, "k02": 1, "k9": 1}
    assert await known(house, "k9") == 1


async def test_a_small_change_waits_until_the_customers_stand_still(house: House) -> None:
    for n in range(30):
        await order(house, f"k{n:02}", 10_000 * (n + 1), days_ago=n % 5)
    await house.quiet()
    await looked(house)
    house.app.parts.extra.memory.calm_until = 0.0
    await order(house, "k29", 400_000, id="o2")
    await house.quiet()
    first = await cutoffs(house)
    await looked(house)
    assert (await cutoffs(house)).base == first.base, "a thirtieth more is no reason to tell everybody in between"
    await looked(house)
    last = await cutoffs(house)
    assert (last.version, last.told, last.base) == (2, 2, "30:31:5050000")
    assert last.cutoffs != first.cutoffs
    assert set((await requests(house)).values()) == {2}
    assert {await known(house, f"k{n:02}") for n in range(30)} == {2}


async def test_a_telling_that_broke_off_goes_on_where_it_stood(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await customers(house, 7)
    memory, say = house.app.parts.extra.memory, house.app.say
    monkeypatch.setattr(cutoff_announcements, "TOLD_AT_ONCE", 3)

    async def failing(event: Any, **more: Any) -> Any:
        if more["id"].endswith("k04"):
            raise ConnectionError("the process ends here")
        return await say(event, **more)

    with monkeypatch.context() as patch:
        patch.setattr(house.app, "say", failing)
        await look(house.app)
        memory.owing, first = False, memory.owing  # so that no turn of the service's own goes on with it
        assert first
        await tell(house.app)
        with pytest.raises(ConnectionError):
            await tell(house.app)
    assert ((await cutoffs(house)).told, (await cutoffs(house)).reached) == (0, "k02")
    await looked(house)
    state = await cutoffs(house)
    assert (state.version, state.told, state.reached) == (1, 1, None)
    counted = await requests(house)
    assert [counted[f"k{n:02}"] for n in (0, 1, 2, 6)] == [1, 1, 1, 1], "who had been told before is not told again"
    assert {await known(house, f"k{n:02}") for n in range(7)} == {1}
    for n in range(7):
        kinds = [row.type for row in await house.app.history("customer", f"k{n:02}")]
        assert kinds == ["crm.segment.entered.v1"], "it entered once"


async def test_what_is_told_twice_says_the_same_under_the_same_id(house: House) -> None:
    await customers(house, 2)
    await looked(house)
    await order(house, "k9")
    await house.quiet()
    said: list[tuple[Any, ...]] = []

    async def listening(event: Any, *, time: datetime, source: str, id: str, **_: Any) -> None:
        said.append((event, time, source, id))

    memory = house.app.parts.extra.memory
    house.app.say, say = listening, house.app.say  # type: ignore[method-assign, assignment]
    await tell(house.app)
    await tell(house.app)
    house.app.say = say  # type: ignore[method-assign]
    assert len(said) == 2 and said[0] == said[1]
    assert said[0][1] >= (await house.app.read("customer", "k9")).updated_at  # type: ignore[union-attr, operator]
    memory.owing = True
    await told(house)
    assert await known(house, "k9") == 1


async def test_history_is_placed_again_and_again_although_the_cut_offs_stay(house: House) -> None:
    await customers(house, 2)
    await looked(house)
    for n in (1, 2):
        await order(house, "k00", 5_000_000, days_ago=40, id=f"old-{n}")
        await house.quiet()
        state = (await house.app.read("customer", "k00")).state  # type: ignore[union-attr]
        assert state.unplaced and state.standings["rfm"].profile.frequency == n
        await looked(house)
        state = (await house.app.read("customer", "k00")).state  # type: ignore[union-attr]
        assert not state.unplaced and state.standings["rfm"].profile.frequency == n + 1
    assert (await cutoffs(house)).version == 1
    assert await requests(house) == {"k00": 3, "k01": 1}
    assert [r for r in await house.app.history("customer", "k00") if r.type == "crm.segment.left.v1"]


async def test_who_is_erased_is_told_nothing(house: House) -> None:
    await order(house, "k00", days_ago=40)
    await house.say(CustomerErased(customer_id="k00"), "e1")
    await customers(house, 2)
    await looked(house)
    assert await requests(house) == {"k01": 1}


async def test_asking_for_the_cut_offs_that_hold_already_is_answered_by_their_version(house: House) -> None:
    await customers(house, 2)
    for _ in range(2):
        asked = await house.door.post("/v1/segments/recompute", params={"as_of": str(house.app.now().date())})
        assert (asked.status_code, asked.json()["version"]) == (202, 1)
    await told(house)
    assert await requests(house) == {"k00": 1, "k01": 1}


async def test_cut_offs_of_a_day_long_past_are_told_and_so_are_those_of_today_after_them(house: House) -> None:
    await customers(house, 2)
    await looked(house)
    today = (await cutoffs(house)).as_of
    assert today is not None
    await recompute(house.app, ONE.first, today - timedelta(days=9), "asked")
    await told(house)
    assert await requests(house) == {"k00": 2, "k01": 2}
    await looked(house)
    state = await cutoffs(house)
    assert (state.version, state.as_of) == (3, today)
    assert await requests(house) == {"k00": 3, "k01": 3}


async def test_a_turn_waits_until_all_is_heard_that_lay_in_the_log(house: House) -> None:
    assert house.app.worker is not None
    await house.app.worker.stop()
    await order(house, "k00")
    memory = house.app.parts.extra.memory
    memory.look_again = 0.0
    await keep_cutoffs(house.app)
    assert memory.look_again == 0.0 and await house.app.read("cutoffs", "rfm") is None


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
    def note(version: int, upto: str | None) -> NoteTold:
        return NoteTold(at=at(), version=version, upto=upto)

    halfway = after(moved(), note(1, "k5"), note(1, "k3"))
    assert (halfway.reached, halfway.told) == ("k5", 0)
    assert after(moved(as_of=1), state=halfway).reached is None
    assert after(moved(as_of=1), note(1, None), state=halfway).told == 0
    done = after(note(1, None), note(1, "k4"), state=halfway)
    assert (done.reached, done.told) == (None, 1)


def test_a_customer_waits_that_has_bought_and_knows_no_cut_offs_or_has_history_nobody_looked_at() -> None:
    assert not awaits(ONE, customer()[0])
    assert awaits(ONE, customer(bought())[0]) == [ONE.first]
    assert not awaits(ONE, customer(bought(), rescore(1, 1))[0])
    history = customer(bought(), rescore(1, 1), bought(-9, live=False))[0]
    assert history.unplaced and awaits(ONE, history) == [ONE.first]
    for placed in (rescore(1, 2), bought(3)):
        state = customer(bought(), rescore(1, 1), bought(-9, live=False), placed)[0]
        assert not awaits(ONE, state) and state.standings["rfm"].profile.frequency > 1


def test_the_base_is_another_one_by_a_quarter_or_where_little_matters_by_anything() -> None:
    base = Base(100, 1000, 50_000)
    assert not base.matters(str(base), True)
    assert not base.matters("81:1000:50000", False) and base.matters("81:1000:50000", True)
    assert base.matters("80:1000:50000", False) and base.matters("100:1000:70000", False)
    assert base.matters("asked", False) and base.matters("", False) and base.matters("0:0:0", False)


def test_what_an_earlier_release_has_saved_is_read_and_its_customers_are_all_told_once_more() -> None:
    def earlier(state: Any, *new: str) -> bytes:
        return msgspec.msgpack.encode({k: v for k, v in msgspec.to_builtins(state).items() if k not in new})

    saved = customer(bought(), rescore(1, 1))[0]
    assert msgspec.msgpack.decode(earlier(saved, "unplaced"), type=Customer) == saved
    one = CutoffsState("rfm", 4, day(), datetime(2026, 3, 2, tzinfo=UTC), ABSOLUTE, "1:1:1", 4)
    read = msgspec.msgpack.decode(earlier(one, "definitions", "reached"), type=CutoffsState)
    assert read == one
    assert after(moved(), state=read).version == 5
