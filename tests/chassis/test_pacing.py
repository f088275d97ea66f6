"""Long work leaves the loop to others, and as much of the time as it was told to."""
import asyncio
import time

from chassis.support.cooperative import SLICE, Pace, at_most


async def work(turns: int) -> None:
    pace = Pace()
    for _ in range(turns):
        until = time.perf_counter() + SLICE
        while time.perf_counter() < until:
            pass
        await pace.turn()


async def test_others_get_their_turn_while_it_lasts() -> None:
    seen = 0

    async def other() -> None:
        nonlocal seen
        while True:
            seen += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await work(5)
    beside.cancel()
    assert seen >= 5


async def test_it_rests_as_long_as_its_share_says_and_only_where_it_was_told() -> None:
    with at_most(0.01):
        assert await seconds_of(1) >= SLICE / 0.01 * 0.9
    assert await seconds_of(1) < SLICE / 0.01 * 0.5


async def seconds_of(turns: int) -> float:
    began = time.perf_counter()
    await work(turns)
    return time.perf_counter() - began
