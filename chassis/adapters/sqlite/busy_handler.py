"""Waiting for the file's write lock: often and shortly.

SQLite's own waiting grows to a tenth of a second a time. Where half a dozen processes write all the time, who waits so
long misses its turn again and again, and a figure that is seen after ten writes is late by all of them.
"""
import time

import apsw

PATIENCE = 10.0  # seconds, for a write
FIRST, LONGEST = 0.0003, 0.002  # seconds between two looks


class Turn:
    """A busy handler. False after `seconds`: then SQLite says that the file is locked."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def __call__(self, looks: int) -> bool:
        now = time.monotonic()
        if not looks:
            self._until = now + self._seconds
        elif now >= self._until:
            return False
        time.sleep(min(LONGEST, FIRST * (1 + looks)))
        return True


def wait_at_most(connection: apsw.Connection, seconds: float) -> None:
    connection.set_busy_handler(Turn(seconds))
