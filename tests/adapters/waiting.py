"""Waiting for a condition and for records. The deadline only ends a test that hangs: no test asserts a speed."""
import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from chassis.ports import Consumer, Record

DEADLINE = 120.0  # seconds


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]], description: str) -> None:
    """Returns once the condition is true; fails with its description after `DEADLINE` seconds."""
    end = time.monotonic() + DEADLINE
    while True:
        result = condition()
        if isinstance(result, Awaitable):
            result = await result
        if result:
            return
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {description}")
        await asyncio.sleep(0.02)


async def gather_records(consumer: Consumer, n: int, at_once: int = 500) -> list[Record]:
    """Polls until `n` records were received; fails after `DEADLINE` seconds."""
    records: list[Record] = []
    end = time.monotonic() + DEADLINE
    while len(records) < n:
        assert time.monotonic() < end, f"{len(records)} of {n} records within {DEADLINE} s"
        for batch in (await consumer.poll(at_once, 0.2)).values():
            records += batch
    return records


async def wait_for_assignments(consumers: list[Consumer], n: int) -> None:
    """Polls the consumers in turn until `n` partitions are assigned, at least one to each consumer."""

    async def assigned() -> bool:
        for consumer in consumers:
            await consumer.poll(1, 0)
        assignments = [consumer.assignment() for consumer in consumers]
        partitions = set().union(*assignments)
        return len(partitions) == n == sum(map(len, assignments)) and all(assignments)

    await until(assigned, f"{n} partitions assigned to {len(consumers)} members")
