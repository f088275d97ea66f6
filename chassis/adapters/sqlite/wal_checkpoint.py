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

ENOUGH = 2_000  # pages of 4 KiB not yet checkpointed
BOUND = 8_000  # pages in the log: 32 MiB; a longer one makes reading slower
FOR_READERS = 0.2  # seconds that readers get to finish once the log has reached its bound


class WalCheckpointer:
    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._bound = BOUND
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._one = threading.Lock()  # SQLite runs one checkpoint at a time and refuses a second one at once
        self._working = False
        self._pages = 0  # in the log after the last commit
        self._folded = 0  # of these, already checkpointed
        self._thread: threading.Thread | None = None

    def start(self, writer: apsw.Connection) -> None:
        """Called in the writer's thread: its commits no longer run checkpoints."""
        writer.set_wal_hook(self._committed)  # in place of SQLite's own checkpoint
        self._thread = threading.Thread(target=self._fold, name="sqlite-folder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._wanted.put(False)
        if self._thread is not None:
            self._thread.join()

    def after_commit(self, writer: apsw.Connection) -> None:
        if self._pages >= self._bound:
            self._bound = (
                self._pages + BOUND // 4
            )  # a reader blocks it now: let the log grow a little before the next try
            wait_at_most(writer, FOR_READERS)
            with contextlib.suppress(apsw.Error), self._one:
                writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
                self._pages, self._folded, self._bound = 0, 0, BOUND
            wait_at_most(writer, PATIENCE)
        elif self._pages - self._folded >= ENOUGH and not self._working:
            self._working = True
            self._wanted.put(True)

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        if pages < self._pages:
            self._folded, self._bound = 0, BOUND  # the log has been restarted
        self._pages = pages
        return apsw.SQLITE_OK

    def _fold(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            while self._wanted.get():
                failpoints.reach("sqlite.fold.before")
                with contextlib.suppress(apsw.Error), self._one:
                    _, self._folded = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                failpoints.reach("sqlite.fold.after")
                self._working = False
