"""Telling a task that was told to stop from one in which something else was cancelled."""
import asyncio


def cancellation_requested() -> bool:
    """Whether a CancelledError that arrives now is meant for the task that runs: somebody has cancelled it."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
