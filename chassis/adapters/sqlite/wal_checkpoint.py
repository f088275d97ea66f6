"""Checkpoints the write-ahead log in a thread of its own instead of in the writer's commits.

A commit that also runs a checkpoint waits for the disk (tens of milliseconds, and every write behind it). The thread
runs one whenever enough pages have gathered. It cannot restart the log while writes never pause; at an upper bound the
writer itself waits until it can.
"""
import contextlib
import queue
import threading
from collections.abc import Callable

import apsw

from chassis.adapters.sqlite.busy_handler import PATIENCE, wait_at_most
from chassis.support import failpoints

MIN_PAGES = 2_000  # pages of 4 KiB not yet checkpointed
MAX_PAGES = 8_000  # pages in the log: 32 MiB; a longer one makes reading slower
READER_SECONDS = 0.2  # seconds that readers get to finish once the log has reached its bound


class WalCheckpointer:
    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._bound = MAX_PAGES
        self._requests: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._lock = threading.Lock()  # SQLite runs one checkpoint at a time and refuses a second one at once
        self._working = False
        self._pages = 0  # in the log after the last commit
        self._checkpointed = 0  # of these, already checkpointed
        self._thread: threading.Thread | None = None

    def start(self, writer: apsw.Connection) -> None:
        """Called in the writer's thread: its commits no longer run checkpoints."""
        writer.set_wal_hook(self._committed)  # in place of SQLite's own checkpoint
        self._thread = threading.Thread(target=self._run_checkpoints, name="sqlite-folder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._requests.put(False)
        if self._thread is not None:
            self._thread.join()

    def after_commit(self, writer: apsw.Connection) -> None:
        if self._pages >= self._bound:
            self._bound = (
                self._pages + MAX_PAGES // 4
            )  # a reader blocks it now: let the log grow a little before the next try
            wait_at_most(writer, READER_SECONDS)
            with contextlib.suppress(apsw.Error), self._lock:
                writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
                self._pages, self._checkpointed, self._bound = 0, 0, MAX_PAGES
            wait_at_most(writer, PATIENCE)
        elif self._pages - self._checkpointed >= MIN_PAGES and not self._working:
            self._working = True
            self._requests.put(True)

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        if pages < self._pages:
            self._checkpointed, self._bound = 0, MAX_PAGES  # the log has been restarted
        self._pages = pages
        return apsw.SQLITE_OK

    def _run_checkpoints(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            while self._requests.get():
                failpoints.reach("sqlite.fold.before")
                with contextlib.suppress(apsw.Error), self._lock:
                    _, self._checkpointed = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                failpoints.reach("sqlite.fold.after")
                self._working = False
