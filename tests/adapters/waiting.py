"""Waiting for a condition, and gathering records. Deadlines only end a test that hangs: no speed is asserted."""
import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from chassis.ports import Consumer, Record

DEADLINE = 120.0  # seconds


async def until(true: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str) -> None:
    """Returns once the condition holds; fails, naming it, after `DEADLINE` seconds."""
    end = time.monotonic() + DEADLINE
    while True:
        answer = true()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {what}")
        await asyncio.sleep(0.02)


async def gather_records(consumer: Consumer, n: int, at_once: int = 500) -> list[Record]:
    """Polls until `n` records came; fails after `DEADLINE` seconds."""
    records: list[Record] = []
    end = time.monotonic() + DEADLINE
    while len(records) < n:
        assert time.monotonic() < end, f"{len(records)} of {n} records within {DEADLINE} s"
        for some in (await consumer.poll(at_once, 0.2)).values():
            records += some
    return records


async def hold(consumers: list[Consumer], n: int) -> None:
    """Polls the consumers in turn until together they hold `n` partitions, each of them a fair share."""

    async def shared() -> bool:
        for consumer in consumers:
            await consumer.poll(1, 0)
        held = [consumer.assignment() for consumer in consumers]
        together = set().union(*held)
        return len(together) == n == sum(map(len, held)) and all(held)

    await until(shared, f"{n} partitions held by {len(consumers)} members")
