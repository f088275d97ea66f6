"""Signs of life of a consume loop. What is missing too long makes a service not ready, and says why, while it lasts.

A consumer or a store may stop without a sound, so silence itself is looked at, by a task that waits for neither.
"""
import asyncio
import time
from collections.abc import Mapping

from chassis.http.health import HealthState
from chassis.ports import TopicPartition

STALLED_SECONDS = 10.0  # there is lag, and nothing is handed out; or nothing at all goes on
UNASSIGNED_SECONDS = 30.0
LONG_BATCH = 6  # times STALLED_SECONDS: a batch without an error may be long, on a slow store
MOST_PATIENCE = 16  # times UNASSIGNED_SECONDS: a member for whom there is no partition must not disturb the others
LOOK_SECONDS = 0.5


class Watch:
    """By the monotonic clock. Parts of the health: "events" nothing goes on, "consumer" nothing is handed out,
    "assignment" there is no partition."""

    def __init__(self, health: HealthState) -> None:
        self._health = health
        self._proof = self._handed = self._assigned = self._looked = self._replaced = time.monotonic()
        self._patience = 1
        self._begun: float | None = None  # the batch in hand
        self._error = ""

    def joined(self) -> None:
        """A new member: it has the same time as any other."""
        self._handed = self._assigned = self._looked = time.monotonic()

    def handed_out(self) -> None:
        self._handed = self._begun = time.monotonic()
        self._health.clear_problem("consumer")

    def taking_over(self) -> None:
        """As long as a batch may take: what was done before is looked at, and nothing is handed out meanwhile."""
        self._begun = time.monotonic()

    def free(self) -> None:
        """A batch is done with, or partitions are taken over: either may have taken long, and only now do we wait."""
        self._handed, self._begun = time.monotonic(), None

    def assigned(self) -> None:
        self._assigned, self._patience = time.monotonic(), 1
        self._health.clear_problem("assignment")

    def proven(self) -> None:
        """A batch is committed, or the log has said how much waits: store and log answer."""
        self._proof, self._error = time.monotonic(), ""
        self._health.clear_problem("events")

    def failed(self, error: str) -> None:
        self._error, self._begun = error, None

    def is_due(self) -> bool:
        """Whether to ask how much waits: often enough to notice, at once when it would end a trouble."""
        if time.monotonic() - self._looked <= STALLED_SECONDS / 2 and not self._health.problems.keys() & {
                "events", "consumer"}:
            return False
        self._looked = time.monotonic()
        return True

    # --- why a consumer has to be replaced; "": it need not ----------------------------------------------------------

    def unassigned(self) -> str:
        since = time.monotonic() - self._assigned
        if since <= UNASSIGNED_SECONDS * self._patience:
            return ""
        self._patience = min(MOST_PATIENCE, 2 * self._patience)
        why = "no partition was assigned; the group has more members than partitions, or does not come to rest"
        self._health.report_problem("assignment", why)
        return why

    def stalled(self, lag: Mapping[TopicPartition, int]) -> str:
        waiting = sum(lag.values())
        if not waiting:
            self.free()
            self._health.clear_problem("consumer")
            return ""
        since = time.monotonic() - self._handed
        if since <= STALLED_SECONDS or self._at_work():
            return ""
        why = f"{waiting} records wait, and nothing was handed out for {since:.0f} s"
        self._health.report_problem("consumer", why)
        return why

    def silent(self) -> str:
        """Errors only, for long: another connection may fare better."""
        now = time.monotonic()
        if now - max(self._proof, self._replaced) <= UNASSIGNED_SECONDS:
            return ""
        self._replaced = now
        return f"nothing went on for {now - self._proof:.0f} s: {self._error}"

    def _at_work(self) -> bool:
        return self._begun is not None and time.monotonic() - self._begun < LONG_BATCH * STALLED_SECONDS

    # --- told while it lasts -----------------------------------------------------------------------------------------

    async def stand(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, STALLED_SECONDS / 2))
            now = time.monotonic()
            since = now - self._proof
            if since > 1.5 * STALLED_SECONDS and (self._error or not self._at_work()):
                why = self._error or "a batch is in hand and does not end, or the log hands out nothing"
                self._health.report_problem("events", f"nothing went on for {since:.0f} s: {why}")
