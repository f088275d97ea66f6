"""Watchdog of a consume loop: makes a service not ready, with the reason, while the loop makes no progress.

A consumer or a store may stop silently, so the absence of progress is checked by a task that waits for neither.
"""
import asyncio
import time
from collections.abc import Mapping

from chassis.http.health import HealthState
from chassis.ports import TopicPartition

STALLED_SECONDS = 10.0  # there is lag and nothing is polled; or no progress at all
UNASSIGNED_SECONDS = 30.0
LONG_BATCH = 6  # times STALLED_SECONDS: a batch without an error may take long on a slow store
MAX_PATIENCE = 16  # times UNASSIGNED_SECONDS: a member for which there is no partition must not disturb the others
CHECK_SECONDS = 0.5


class Watchdog:
    """Measures by the monotonic clock. Components of the health: "events" no progress, "consumer" nothing is polled,
    "assignment" no partition."""

    def __init__(self, health: HealthState) -> None:
        self._health = health
        self._proven = self._handed_out = self._assigned = self._checked = self._replaced = time.monotonic()
        self._patience = 1
        self._batch_began: float | None = None
        self._error = ""

    def joined(self) -> None:
        """A new member has the same time as any other."""
        self._handed_out = self._assigned = self._checked = time.monotonic()

    def handed_out(self) -> None:
        """Records were polled, a batch begins."""
        self._handed_out = self._batch_began = time.monotonic()
        self._health.clear_problem("consumer")

    def taking_over(self) -> None:
        """Partitions are taken over, which may take as long as a batch; nothing is polled meanwhile."""
        self._batch_began = time.monotonic()

    def idle(self) -> None:
        """A batch or a take-over has ended; waiting for records begins now."""
        self._handed_out, self._batch_began = time.monotonic(), None

    def assigned(self) -> None:
        self._assigned, self._patience = time.monotonic(), 1
        self._health.clear_problem("assignment")

    def proven(self) -> None:
        """A batch was committed, or the log returned its lag: store and log answer."""
        self._proven, self._error = time.monotonic(), ""
        self._health.clear_problem("events")

    def failed(self, error: str) -> None:
        self._error, self._batch_began = error, None

    def lag_check_due(self) -> bool:
        """Whether to ask for the lag: often enough to notice a stall, at once when it may end a trouble."""
        if time.monotonic() - self._checked <= STALLED_SECONDS / 2 and not self._health.problems.keys() & {
                "events", "consumer"}:
            return False
        self._checked = time.monotonic()
        return True

    # --- reasons to replace the consumer; "" when there is none ------------------------------------------------------

    def reason_unassigned(self) -> str:
        since = time.monotonic() - self._assigned
        if since <= UNASSIGNED_SECONDS * self._patience:
            return ""
        self._patience = min(MAX_PATIENCE, 2 * self._patience)
        reason = "no partition is assigned; the group has more members than partitions, or keeps rebalancing"
        self._health.report_problem("assignment", reason)
        return reason

    def reason_stalled(self, lag: Mapping[TopicPartition, int]) -> str:
        waiting = sum(lag.values())
        if not waiting:
            self.idle()
            self._health.clear_problem("consumer")
            return ""
        since = time.monotonic() - self._handed_out
        if since <= STALLED_SECONDS or self._is_working():
            return ""
        reason = f"{waiting} records are waiting, and none was polled for {since:.0f} s"
        self._health.report_problem("consumer", reason)
        return reason

    def reason_silent(self) -> str:
        """Only errors for a long time: another connection may work."""
        now = time.monotonic()
        if now - max(self._proven, self._replaced) <= UNASSIGNED_SECONDS:
            return ""
        self._replaced = now
        return f"no progress for {now - self._proven:.0f} s: {self._error}"

    def _is_working(self) -> bool:
        return self._batch_began is not None and time.monotonic() - self._batch_began < LONG_BATCH * STALLED_SECONDS

    # --- the task ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled: report missing progress while it lasts."""
        while True:
            await asyncio.sleep(min(CHECK_SECONDS, STALLED_SECONDS / 2))
            since = time.monotonic() - self._proven
            if since > 1.5 * STALLED_SECONDS and (self._error or not self._is_working()):
                reason = self._error or "a batch does not end, or the log returns no records"
                self._health.report_problem("events", f"no progress for {since:.0f} s: {reason}")
