"""One SQLite file per process: one writer thread, two reader threads, and wakeups for other processes.

Nothing is opened before `start`, so a process can fork until then. Queued writes share one transaction.
"""
import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw

from chassis.adapters.sqlite.busy_handler import PATIENCE, wait_at_most
from chassis.adapters.sqlite.schema import prepare
from chassis.adapters.sqlite.wakeups import Wakeups
from chassis.adapters.sqlite.wal_checkpoint import WalCheckpointer
from chassis.support import failpoints

T = TypeVar("T")
Job = Callable[[apsw.Connection], T]

MIN_SQLITE = (3, 51, 3)  # before, several processes writing one WAL file could corrupt it
_MAX_BATCH = 64  # writes in one transaction at most
_READERS = 2
_UNAVAILABLE_ERRORS = (
    apsw.BusyError, apsw.LockedError, apsw.IOError, apsw.FullError, apsw.CantOpenError, apsw.CorruptError,
    apsw.NotADBError, apsw.ReadOnlyError, apsw.ProtocolError, apsw.NoMemError, apsw.PermissionsError,
)


class DatabaseUnavailable(Exception):
    """The file could not be read or written; a write may or may not have happened."""


@dataclass(slots=True)
class _Task:
    job: Job[Any]
    result_: "asyncio.Future[Any]"
    rings: tuple[str, ...] = ()


Outcome = tuple[_Task, Any, BaseException | None]


def sqlite_version() -> tuple[int, ...]:
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


class Database:
    def __init__(self, path: Path | str, *, sync: Literal["normal", "full"] = "normal") -> None:
        self.path = Path(path)
        self.bells = Wakeups(self.path)
        self._sync = sync
        self._users = 0
        self._starting = asyncio.Lock()
        self._writes: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Opens the file. Raises RuntimeError for an SQLite too old to be shared. Reference counted: the last `stop`
        closes."""
        async with self._starting:
            self._users += 1
            if self._users > 1:
                return
            try:
                await self._open()
            except BaseException:
                self._users -= 1
                await self._end()
                raise

    async def _open(self) -> None:
        if sqlite_version() < MIN_SQLITE:
            raise RuntimeError(
                f"SQLite {apsw.sqlite_lib_version()} can corrupt a file that several processes write: "
                f"{'.'.join(map(str, MIN_SQLITE))} or later is needed (install a newer apsw)"
            )
        self._loop = asyncio.get_running_loop()
        self._writes, self._reads = queue.SimpleQueue(), queue.SimpleQueue()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        opened: list[asyncio.Future[None]] = []
        for name, target in (("writer", self._write_forever), *((f"reader-{n}", self._read) for n in range(_READERS))):
            future = self._loop.create_future()
            thread = threading.Thread(target=target, args=(future,), name=f"sqlite-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)
            opened.append(future)
            if name == "writer":
                await future  # it creates the tables that readers expect
        await asyncio.gather(*opened)
        self.bells.start()

    async def stop(self) -> None:
        async with self._starting:
            if not self._users:
                return
            self._users -= 1
            if self._users:
                return
            await self._end()
            self.bells.stop()

    async def _end(self) -> None:
        """Drains the queues and ends the threads."""
        self._writes.put(None)
        for _ in range(_READERS):
            self._reads.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._threads.clear()

    async def write(self, job: Job[T], rings: Iterable[str] = ()) -> T:
        """Runs the job in a write transaction and wakes readers once durable. An exception undoes only this job."""
        return await self._enqueue(self._writes, job, tuple(rings))

    async def read(self, job: Job[T]) -> T:
        """Runs the job on a read-only connection. Keep it short: it blocks the restart of the write-ahead log."""
        return await self._enqueue(self._reads, job, ())

    async def _enqueue(self, to: "queue.SimpleQueue[_Task | None]", job: Job[T], rings: tuple[str, ...]) -> T:
        if self._loop is None or not self._users:
            raise DatabaseUnavailable(f"{self.path} is not open")
        result_: asyncio.Future[T] = self._loop.create_future()
        to.put(_Task(job, result_, rings))
        return await result_

    # --- in the threads ---

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path))
        wait_at_most(connection, PATIENCE)
        connection.create_scalar_function("holds", _holds, 2, deterministic=True)
        connection.execute("PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY")
        return connection

    def _write_forever(self, opened: "asyncio.Future[None]") -> None:
        try:
            connection = self._connect()
            prepare(connection, self._sync)
        except BaseException as error:
            self._complete(opened, _as_port_error(error))
            return
        checkpointer = WalCheckpointer(self._connect)
        checkpointer.start(connection)
        self._complete(opened, None)
        with contextlib.closing(connection), contextlib.closing(checkpointer):
            while tasks := self._waiting():
                outcomes = _transaction(connection, tasks)
                rings = {name for task, _, error in outcomes if error is None for name in task.rings}
                self._deliver(outcomes, rings)
                if rings:
                    self.bells.ring_others(rings)
                checkpointer.after_commit(connection)

    def _waiting(self) -> list[_Task]:
        """All queued writes, as soon as there is one; empty at shutdown."""
        tasks: list[_Task] = []
        with contextlib.suppress(queue.Empty):
            while len(tasks) < _MAX_BATCH:
                task = self._writes.get(block=not tasks)
                if task is None:
                    if tasks:
                        self._writes.put(None)  # these first
                    break
                tasks.append(task)
        return tasks

    def _read(self, opened: "asyncio.Future[None]") -> None:
        try:
            connection = self._connect()
            connection.execute("PRAGMA query_only=1")
        except BaseException as error:
            self._complete(opened, _as_port_error(error))
            return
        self._complete(opened, None)
        with contextlib.closing(connection):
            while (task := self._reads.get()) is not None:
                try:
                    outcome: Outcome = (task, task.job(connection), None)
                except BaseException as error:
                    outcome = (task, None, _as_port_error(error))
                self._deliver([outcome], set())

    def _deliver(self, outcomes: list[Outcome], rings: set[str]) -> None:
        def hand_out() -> None:
            for task, result, error in outcomes:
                if task.result_.done():
                    continue  # the caller was cancelled
                if error is None:
                    task.result_.set_result(result)
                else:
                    task.result_.set_exception(error)
            if rings:
                self.bells.ring_here(rings)

        self._call(hand_out)

    def _complete(self, future: "asyncio.Future[None]", error: BaseException | None) -> None:
        def complete() -> None:
            if future.done():
                return  # the caller was cancelled
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._call(complete)

    def _call(self, function: Callable[[], Any]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop was closed without `stop`
            self._loop.call_soon_threadsafe(function)


def _transaction(connection: apsw.Connection, tasks: list[_Task]) -> list[Outcome]:
    """Runs all tasks in one transaction; a task that raises is rolled back alone, a failed commit fails all."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        if len(tasks) == 1:
            outcomes: list[Outcome] = [(tasks[0], tasks[0].job(connection), None)]
        else:
            outcomes = [_run_in_savepoint(connection, task) for task in tasks]
        failpoints.reach("sqlite.commit.before")
        connection.execute("COMMIT")
        failpoints.reach("sqlite.commit.after")
        return outcomes
    except BaseException as error:
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        understood = _as_port_error(error)
        return [(task, None, understood) for task in tasks]


def _run_in_savepoint(connection: apsw.Connection, task: _Task) -> Outcome:
    connection.execute("SAVEPOINT apart")
    try:
        outcome: Outcome = (task, task.job(connection), None)
    except _UNAVAILABLE_ERRORS:
        raise
    except Exception as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO apart")
        outcome = (task, None, error)
    connection.execute("RELEASE apart")
    return outcome


def _as_port_error(error: BaseException) -> BaseException:
    return DatabaseUnavailable(f"{type(error).__name__}: {error}") if isinstance(error, _UNAVAILABLE_ERRORS) else error


def _holds(*values: Any) -> int:
    text, part = values
    return isinstance(text, str) and part in text.lower()
