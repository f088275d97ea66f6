"""The wall clock of this process, and how far a fault test lets it go wrong.

    TRIPTYCH_CLOCK_SKEW=-300        this process lives five minutes in the past
    TRIPTYCH_CLOCK_SKEW=300@20      its clock jumps five minutes ahead once it has run for 20 s

Intervals never use it: they are measured by the monotonic clock, which cannot jump.
"""
import time
from datetime import UTC, datetime, timedelta

VARIABLE = "TRIPTYCH_CLOCK_SKEW"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_read = time.time_ns


def now_ms() -> int:
    """Milliseconds since 1970."""
    return _read() // 1_000_000


def utc_now() -> datetime:
    return _EPOCH + timedelta(microseconds=_read() // 1000)


def skew(said: str | None) -> None:
    """`SECONDS` or `SECONDS@AFTER`; nothing: the clock is right. ValueError for what means nothing."""
    global _read
    if not said:
        _read = time.time_ns
        return
    seconds, _, after = said.partition("@")
    try:
        by, from_ns = int(float(seconds) * 1e9), time.monotonic_ns() + int(float(after or 0) * 1e9)
    except ValueError:
        raise ValueError(f"{VARIABLE}: {said!r} is no number of seconds, as in 300 or 300@20") from None
    _read = lambda: time.time_ns() + (by if time.monotonic_ns() >= from_ns else 0)  # noqa: E731
