"""Busy handler for the write lock: frequent short waits.

SQLite's own backoff grows to 100 ms. With half a dozen busy writers a process that sleeps so long misses the lock
again and again, and a figure that needs ten writes is late by all of them.
"""
import time

import apsw

PATIENCE = 10.0  # seconds, for a write
FIRST, LONGEST = 0.0003, 0.002  # seconds between two tries


class LockWait:
    """A busy handler that gives up after `seconds`; SQLite then reports that the file is locked."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def __call__(self, attempts: int) -> bool:
        now = time.monotonic()
        if not attempts:
            self._until = now + self._seconds
        elif now >= self._until:
            return False
        time.sleep(min(LONGEST, FIRST * (1 + attempts)))
        return True


def wait_at_most(connection: apsw.Connection, seconds: float) -> None:
    connection.set_busy_handler(LockWait(seconds))
