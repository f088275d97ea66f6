"""Memory that a burst of work took and no longer needs goes back to the machine when there is nothing to do."""
import asyncio
import ctypes

ENOUGH = 5_000  # records after which it is worth looking


class MemoryTrim:
    """glibc keeps what was freed between two things that live on; nothing but asking makes it give that back."""

    def __init__(self) -> None:
        self._records = 0
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it

    def worked(self, records: int) -> None:
        self._records += records

    async def rest(self) -> None:
        """Call it when there is nothing to do. It takes some milliseconds, in a thread, after a burst only."""
        if self._records >= ENOUGH and self._trim is not None:
            self._records = 0
            await asyncio.to_thread(self._trim, 0)
