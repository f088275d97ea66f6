"""Supervisor: forks one process per service after the imports, reports when all are ready, restarts those that die.

The parent has no thread and no event loop, so it may fork at any time; a child opens its own resources.
"""
import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

PDEATHSIG = 1
BACK_OFF = (0.1, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS = 30.0
DRAIN_SECONDS = 25.0
MISCONFIGURED = 78  # exit status EX_CONFIG of a child: a restart would not help, so all children stop

ChildMain = Callable[[Callable[[], None]], None]
"""Main function of a child: calls its argument once when it is ready, returns after it has drained."""


@dataclass(slots=True)
class _Child:
    name: str
    work: ChildMain
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    ready_pipe: int = -1
    ready_after: float | None = None
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """`once`: children that are not restarted when they end successfully (a finished simulation)."""

    works: Mapping[str, ChildMain]
    on_ready: Callable[[Mapping[str, float]], None]
    on_death: Callable[[str, int], None]
    once: frozenset[str] = frozenset()
    _children: list[_Child] = field(default_factory=list)
    _stopping: bool = False
    _reported: bool = False
    _status: int = 0

    def run(self) -> int:
        """Until SIGTERM or SIGINT; then every child drains. Returns the exit status."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self._signalled)
        self._children = [_Child(name, work) for name, work in self.works.items()]
        for child in self._children:
            self._start(child)
        while not self._stopping:
            self._wait(wake_read)
            self._reap()
            self._restart()
        return self._drain()

    def _signalled(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True

    def _start(self, child: _Child) -> None:
        read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._run_child(child, write, parent)
        os.close(write)
        child.pid, child.started, child.ready_pipe, child.ready_after = pid, time.monotonic(), read, None

    def _run_child(self, child: _Child, write: int, parent: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent drains its children in order
            _die_with_parent(parent)
            child.work(lambda: (os.write(write, b"."), None)[1])
            status = 0
        except SystemExit as end:
            status = _exit_status(end)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _wait(self, wake: int) -> None:
        pipes = [c.ready_pipe for c in self._children if c.ready_pipe >= 0]
        due = [c.due for c in self._children if c.pid == 0 and c.due]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        readable, _, _ = select.select([wake, *pipes], [], [], timeout)
        if wake in readable:
            os.read(wake, 4096)
        for child in self._children:
            if child.ready_pipe in readable:
                self._read_ready(child)

    def _read_ready(self, child: _Child) -> None:
        if os.read(child.ready_pipe, 16):
            child.ready_after = time.monotonic() - child.started
        os.close(child.ready_pipe)
        child.ready_pipe = -1
        if not self._reported and all(c.ready_after is not None for c in self._children):
            self._reported = True
            self.on_ready({c.name: c.ready_after or 0.0 for c in self._children})

    def _reap(self) -> None:
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self._children:
                if child.pid == pid:
                    self._on_exit(child, os.waitstatus_to_exitcode(raw))

    def _on_exit(self, child: _Child, status: int) -> None:
        child.pid = 0
        if child.name in self.once and status == 0:
            child.due = 0.0
            return
        if status == MISCONFIGURED:
            self._status, self._stopping = status, True
            return
        steady = time.monotonic() - child.started > STEADY_SECONDS
        child.failures = 0 if steady else child.failures + 1
        child.due = time.monotonic() + BACK_OFF[min(child.failures, len(BACK_OFF) - 1)]
        if not self._stopping:
            self.on_death(child.name, status)

    def _restart(self) -> None:
        for child in self._children:
            if child.pid == 0 and child.due and time.monotonic() >= child.due and not self._stopping:
                child.due = 0.0
                self._start(child)

    def _drain(self) -> int:
        """The gateway first, then the services; each finishes its batch."""
        for child in reversed(self._children):
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
        end = time.monotonic() + DRAIN_SECONDS
        worst = self._status
        for child in self._children:
            worst = max(worst, _wait_for(child.pid, end)) if child.pid else worst
        return worst

    def pids(self) -> Sequence[tuple[str, int]]:
        return [(c.name, c.pid) for c in self._children]


def _wait_for(pid: int, end: float) -> int:
    while time.monotonic() < end:
        try:
            done, raw = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        if done:
            return os.waitstatus_to_exitcode(raw) and 1
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return 1


def _exit_status(end: SystemExit) -> int:
    """The exit status; a text instead of a number is printed."""
    if isinstance(end.code, str):
        print(end.code, file=sys.stderr)
        return 1
    return end.code or 0


def _die_with_parent(parent: int) -> None:
    """Linux: the kernel sends SIGTERM to a child whose parent has died, for whatever reason."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
