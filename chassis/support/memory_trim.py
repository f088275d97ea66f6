"""Memory trim: returns freed memory to the operating system when the service is idle after a burst."""
import asyncio
import ctypes

MIN_RECORDS = 5_000  # records after which a trim is worthwhile


class MemoryTrim:
    """glibc keeps freed memory that lies between live objects until `malloc_trim` is called."""

    def __init__(self) -> None:
        self._records = 0
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it

    def worked(self, records: int) -> None:
        self._records += records

    async def rest(self) -> None:
        """To be called when idle; after a burst it takes some milliseconds, in a thread."""
        if self._records >= MIN_RECORDS and self._trim is not None:
            self._records = 0
            await asyncio.to_thread(self._trim, 0)
