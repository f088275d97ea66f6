"""Errors of the Kafka client become errors of the port, also the cancellation of a task of the client."""
import asyncio

import pytest

from chassis.adapters.kafka.errors import kafka_errors
from chassis.ports import BusUnavailable


async def cancel_a_task_of_the_client() -> None:
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    with kafka_errors("leaving the group"):
        await task


async def test_a_cancelled_task_of_the_client_raises_bus_unavailable():
    with pytest.raises(BusUnavailable, match="leaving the group"):
        await cancel_a_task_of_the_client()


async def test_the_cancellation_of_the_caller_is_raised_unchanged():
    started = asyncio.Event()

    async def wait() -> None:
        with kafka_errors("reading"):
            started.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timeout_of_the_caller_is_raised_unchanged():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            with kafka_errors("reading"):
                await asyncio.sleep(60)
