"""The wall clock of every process: services, command line, simulation and tests read no other.

    TRIPTYCH_CLOCK=2028-02-29T12:00+01:00   the first process that reads it starts at this instant
    TRIPTYCH_CLOCK=3600                     an hour ahead of the machine's clock
    TRIPTYCH_CLOCK_SKEW=-300                this process alone is five minutes slow
    TRIPTYCH_CLOCK_SKEW=300@20              its clock jumps five minutes ahead after 20 s

An instant is replaced by its offset in the environment, so that all processes started from here agree on the time.
Intervals never use this clock: they are measured by the monotonic one, which cannot jump.
"""
import os
import time
from datetime import UTC, date, datetime, timedelta, tzinfo

OFFSET_VARIABLE = "TRIPTYCH_CLOCK"
SKEW_VARIABLE = "TRIPTYCH_CLOCK_SKEW"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _shared_offset_ns() -> int:
    """Offset of all processes; ValueError when the variable is neither an instant nor seconds."""
    value = os.environ.get(OFFSET_VARIABLE)
    if not value:
        return 0
    try:
        return int(float(value) * 1e9)
    except ValueError:
        pass
    try:
        start = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{OFFSET_VARIABLE}: {value!r} must be an ISO 8601 instant, as in 2028-02-29T12:00+01:00, "
                         "or a number of seconds, as in 3600") from None
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    offset_ns = (start - _EPOCH) // timedelta(microseconds=1) * 1000 - time.time_ns()
    os.environ[OFFSET_VARIABLE] = f"{offset_ns / 1e9:.6f}"
    return offset_ns


_offset_ns = _shared_offset_ns()
_skew_ns, _skewed_from_ns = 0, 0  # the second on the monotonic clock


def now_ns() -> int:
    """Nanoseconds since 1970."""
    skew_ns = _skew_ns if _skew_ns and time.monotonic_ns() >= _skewed_from_ns else 0
    return time.time_ns() + _offset_ns + skew_ns


def now_ms() -> int:
    """Milliseconds since 1970."""
    return now_ns() // 1_000_000


def now_seconds() -> float:
    """Seconds since 1970."""
    return now_ns() / 1e9


def utc_now() -> datetime:
    return _EPOCH + timedelta(microseconds=now_ns() // 1000)


def today(zone: tzinfo = UTC) -> date:
    return utc_now().astimezone(zone).date()


def skew(setting: str | None) -> None:
    """Applies `SECONDS` or `SECONDS@AFTER` to this process; None or "" ends it. ValueError for anything else."""
    global _skew_ns, _skewed_from_ns
    seconds, _, after = (setting or "0").partition("@")
    try:
        _skew_ns, _skewed_from_ns = int(float(seconds) * 1e9), time.monotonic_ns() + int(float(after or 0) * 1e9)
    except ValueError:
        raise ValueError(f"{SKEW_VARIABLE}: {setting!r} must be a number of seconds, as in 300 or 300@20") from None
