"""Named points, before and after every write, publish and commit, at which a fault test lets this process die.

    TRIPTYCH_FAILPOINT=runner.save.after:3      kill -9 of itself when that point is reached for the third time

Off (always, but in fault tests) `reach` does nothing. Callers say `failpoints.reach("...")`, by the module, so that
arming replaces what they call. Never armed by accident: an unknown name or a bad number refuses to start.
"""
import os
import signal
import threading
from collections.abc import Callable

import structlog

POINTS = (
    # start-up
    "start.topics.before", "start.topics.after", "start.collections.after", "definitions.put.before",
    "definitions.put.after", "places.save.before", "places.save.after",
    # the worker's turn
    "worker.assigned.before", "worker.assigned.after", "worker.polled", "worker.commit.before", "worker.commit.after",
    "worker.revoked", "progress.write.before", "progress.write.after",
    # aggregates
    "runner.loaded", "runner.decided", "runner.save.before", "runner.save.after", "runner.history.before",
    "runner.history.after", "runner.publish.before", "runner.publish.after", "runner.clear.before",
    "runner.clear.after", "timers.fire.before", "timers.fire.after", "timers.sweep.before", "timers.sweep.after",
    # requests
    "ask.save.before", "ask.save.after", "ask.publish.after", "say.publish.before", "say.publish.after",
    # figures
    "projector.recover.before", "projector.recover.after", "projector.insert.before", "projector.insert.after",
    "projector.facts.before", "projector.facts.after", "projector.cells.before", "projector.cells.after",
    "projector.members.before", "projector.members.after", "projector.checkpoint.before",
    "projector.checkpoint.after", "projector.prune.after",
    # dead letters
    "letters.publish.before", "letters.publish.after", "letters.replay.marked", "letters.replay.published",
    "letters.replay.after", "letters.discard.before", "letters.discard.after",
    # adapters
    "sqlite.commit.before", "sqlite.commit.after", "sqlite.fold.before", "sqlite.fold.after",
    "kafka.publish.before", "kafka.publish.after", "kafka.commit.before", "kafka.commit.after",
    "mongo.write.before", "mongo.write.after",
)
VARIABLE = "TRIPTYCH_FAILPOINT"


def _pass(_name: str) -> None:
    """Off."""


reach: Callable[[str], None] = _pass


def arm(said: str | None) -> None:
    """`name:hit`, or nothing at all: off. Call before any thread is started. ValueError for what means nothing."""
    global reach
    if not said:
        reach = _pass
        return
    name, _, number = said.partition(":")
    if name not in POINTS:
        raise ValueError(f"{VARIABLE}: there is no failpoint {name!r}")
    if not number.isdigit() or int(number) < 1:
        raise ValueError(f"{VARIABLE}: {said!r} does not say at which hit, as in {name}:1")
    reach = _Armed(name, int(number))
    structlog.get_logger(__name__).warning("failpoint_armed", name=name, hit=int(number))


class _Armed:
    """Counts over all threads; kills the process without a farewell at the hit that was named."""

    def __init__(self, name: str, hit: int) -> None:
        self._name, self._left = name, hit
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
