"""Long work leaves the loop to others, and rests in proportion to its share of the time."""
import asyncio
from types import SimpleNamespace

import pytest

from chassis.support import cooperative
from chassis.support.cooperative import SLICE, Pacer, limit_share


class Clock:
    """A clock that only work and rests advance; `rests` in seconds."""

    def __init__(self) -> None:
        self.now, self.rests = 0.0, list[float]()

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(cooperative, "time", SimpleNamespace(perf_counter=lambda: made.now))
    monkeypatch.setattr(cooperative, "asyncio", SimpleNamespace(sleep=made.sleep))
    return made


async def work(clock: Clock, turns: int, seconds: float = 2 * SLICE) -> None:
    pace = Pacer()
    for _ in range(turns):
        clock.now += seconds
        await pace.turn()


async def test_others_get_their_turn_while_it_lasts(clock: Clock) -> None:
    seen = 0

    async def other() -> None:
        nonlocal seen
        while True:
            seen += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await work(clock, 5)
    beside.cancel()
    assert seen >= 5


async def test_it_rests_in_proportion_to_its_share_and_only_within_the_limit(clock: Clock) -> None:
    with limit_share(0.01):
        await work(clock, 1)
    await work(clock, 1)
    assert clock.rests == pytest.approx([99 * 2 * SLICE, 0.0])


async def test_less_than_a_slice_of_work_is_not_interrupted(clock: Clock) -> None:
    await work(clock, 1, 0.9 * SLICE)
    assert clock.rests == []
    await work(clock, 10, 0.3 * SLICE)
    assert len(clock.rests) == 2
