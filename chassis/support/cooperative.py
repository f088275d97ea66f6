"""Cooperative scheduling: long work in slices, so that other tasks of the event loop can run."""
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SLICE = 0.003  # seconds of work before other tasks run

_share: ContextVar[float] = ContextVar("share", default=1.0)


@contextmanager
def limit_share(share: float) -> Iterator[None]:
    """Paced work within this block takes at most this share of the time, so that other work is not delayed."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


class Pacer:
    """Divides the work of one loop into slices."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def turn(self) -> None:
        """To be called about every millisecond; after a slice it sleeps as long as the share requires."""
        worked = time.perf_counter() - self._began
        if worked >= SLICE:
            await asyncio.sleep(worked * (1 / _share.get() - 1))
            self._began = time.perf_counter()
