"""Long work beside what cannot wait: a little of it, then a rest."""
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SLICE = 0.003  # seconds of work, before events and requests get their turn

_share: ContextVar[float] = ContextVar("share", default=1.0)


@contextmanager
def limit_share(share: float) -> Iterator[None]:
    """Whatever is paced in here takes at most this share of the time: all of it, and every figure would be late."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


class Pacer:
    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def turn(self) -> None:
        """Call it every millisecond or so. It lets others go on, and rests as long as it must."""
        worked = time.perf_counter() - self._began
        if worked >= SLICE:
            await asyncio.sleep(worked * (1 / _share.get() - 1))
            self._began = time.perf_counter()
