"""Stops a service whose failure rate shows a fault of its own."""
import time
from collections import deque
from collections.abc import Callable, Sequence

from chassis.aggregates import FailedRecord


class FailureStorm(Exception):
    """Too many records fail: the service stops instead of moving the whole topic to the dead letters."""


class StormGuard:
    """More than 1 % and more than 50 of at least 1,000 records within a minute, counting only bugs of
    a handler and records on a wrong partition (a publisher with another partitioner)."""

    COUNTED = frozenset({"handler_failed", "wrong_partition"})

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: deque[tuple[float, int, int]] = deque()  # when, records, of them bad

    def count_processed(self, records: int) -> None:
        self._remember(records, 0)

    def check(self, dead: Sequence[FailedRecord]) -> None:
        """Raises FailureStorm when these failures exceed the limits."""
        bad = sum(1 for d in dead if d.code in self.COUNTED)
        if not bad:
            return
        self._remember(0, bad)
        records, failed = sum(n for _, n, _ in self._taken), sum(n for _, _, n in self._taken)
        if records >= 1000 and failed > 50 and failed > records / 100:
            raise FailureStorm(
                f"{failed} of {records} records failed within a minute, the last with {dead[-1].error[:200]}"
            )

    def _remember(self, records: int, bad: int) -> None:
        now = self._clock()
        while self._taken and self._taken[0][0] < now - 60:
            self._taken.popleft()
        self._taken.append((now, records, bad))
