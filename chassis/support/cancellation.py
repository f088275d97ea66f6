"""Distinguishes a cancelled task from one in which something it awaited was cancelled."""
import asyncio


def cancellation_requested() -> bool:
    """Whether the current task itself was cancelled, so that a CancelledError must be raised again."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
