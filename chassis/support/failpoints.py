"""Failpoints: named points before and after every write, publish and commit, at which fault tests kill the process.

    TRIPTYCH_FAILPOINT=runner.save.after:3      kill -9 of the process when the point is reached for the third time

Outside fault tests `reach` does nothing. Callers use `failpoints.reach("...")`, by the module, so that arming replaces
what they call. An unknown name or an invalid number is an error at start.
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
    # worker
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
    """Does nothing."""


reach: Callable[[str], None] = _pass


def arm(setting: str | None) -> None:
    """Arms `name:hit`; None or "" disarms. Call before any thread is started. Raises ValueError."""
    global reach
    if not setting:
        reach = _pass
        return
    name, _, number = setting.partition(":")
    if name not in POINTS:
        raise ValueError(f"{VARIABLE}: failpoint {name!r} does not exist; see failpoints.POINTS")
    if not number.isdigit() or int(number) < 1:
        raise ValueError(f"{VARIABLE}: {setting!r} must be a name and the number of the hit, as in {name}:1")
    reach = _Armed(name, int(number))
    structlog.get_logger(__name__).warning("failpoint_armed", name=name, hit=int(number))


class _Armed:
    """Counts hits over all threads; kills the process at the configured one."""

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
