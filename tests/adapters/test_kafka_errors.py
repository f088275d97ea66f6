"""What Kafka's client throws becomes what the port knows, also a cancellation that nobody asked for."""
import asyncio

import pytest

from chassis.adapters.kafka.errors import kafka_errors
from chassis.ports import BusUnavailable


async def lose_a_task_of_its_own() -> None:
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    with kafka_errors("leaving the group"):
        await task


async def test_a_task_that_the_client_gave_up_is_a_bus_that_does_not_answer():
    with pytest.raises(BusUnavailable, match="leaving the group"):
        await lose_a_task_of_its_own()


async def test_whoever_is_told_to_stop_stops():
    begun = asyncio.Event()

    async def wait() -> None:
        with kafka_errors("reading"):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_around_it_is_still_a_deadline():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            with kafka_errors("reading"):
                await asyncio.sleep(60)
