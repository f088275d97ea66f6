"""Wakes readers by name after a commit, in this process and in every other process on the same file.

Each process binds one Unix datagram socket in a directory beside the file. A lost wakeup costs only time: waiters poll
once a second anyway.
"""
import asyncio
import contextlib
import hashlib
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

_LONGEST_PATH = 100  # bytes; the address of a Unix socket is short
_QUEUE = 8  # a receiver's queue may hold as few datagrams as this: then some may have been dropped
_TICK = 50_000_000  # nanoseconds
_LONGEST_CALL = 8_192  # bytes of names in one datagram


class WakeupWaiter:
    """Event set when one of its names is signalled. The waiter clears it before it polls."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.rung = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Returns when signalled or after the timeout."""
        if not self.rung.is_set() and seconds > 0:
            # not wait_for: until Python 3.12 it may swallow a cancellation that comes together with the wakeup
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.rung.wait()


class Wakeups:
    def __init__(self, file: Path) -> None:
        self._directory = _directory(file)
        self._waiters: set[WakeupWaiter] = set()
        self._socket: socket.socket | None = None
        self._address: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._others: list[str] = []
        self._listed_at = -1  # the directory's change time when it was listed

    def start(self) -> None:
        """Bind the socket; where the machine does not allow it, waiters rely on polling."""
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            self._directory.parent.mkdir(mode=0o700, exist_ok=True)
            self._directory.mkdir(mode=0o700, exist_ok=True)
            if self._directory.parent.stat().st_uid != os.getuid():
                return
            address = self._directory / f"{os.getpid()}-{secrets.token_hex(4)}"
            if len(os.fsencode(address)) > _LONGEST_PATH:
                return
            own_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            own_socket.setblocking(False)
            own_socket.bind(str(address))
            self._socket, self._address = own_socket, address
            self._loop.add_reader(own_socket.fileno(), self._receive)

    def stop(self) -> None:
        if self._socket is not None and self._loop is not None and self._address is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._address.unlink(missing_ok=True)
        self._socket = None

    def listen(self, names: Iterable[str]) -> WakeupWaiter:
        waiter = WakeupWaiter(names)
        self._waiters.add(waiter)
        return waiter

    def forget(self, waiter: WakeupWaiter) -> None:
        self._waiters.discard(waiter)

    def ring_here(self, names: Iterable[str] | None) -> None:
        """Signal waiters of this process, from the event loop's thread; None signals all."""
        rung = None if names is None else frozenset(names)
        for waiter in self._waiters:
            if rung is None or not rung.isdisjoint(waiter.names):
                waiter.rung.set()

    def ring_others(self, names: Iterable[str]) -> None:
        """Signal the other processes; called from one thread at a time."""
        own_socket = self._socket
        if own_socket is None:
            return
        call = "\n".join(sorted(set(names))).encode()
        for other in self._addresses():
            try:
                own_socket.sendto(call if len(call) <= _LONGEST_CALL else b"*", other)
            except BlockingIOError:
                continue  # its queue is full, so it wakes anyway
            except (ConnectionRefusedError, FileNotFoundError):
                with contextlib.suppress(OSError):
                    Path(other).unlink(missing_ok=True)  # its process has ended
            except OSError:
                continue

    def _addresses(self) -> list[str]:
        with contextlib.suppress(OSError):
            changed = self._directory.stat().st_mtime_ns
            if changed != self._listed_at:
                mine = str(self._address)
                self._others = [entry.path for entry in os.scandir(self._directory) if entry.path != mine]
                # a change in the same tick of the clock would not be seen, so a fresh listing is not trusted yet
                self._listed_at = changed if time.time_ns() - changed > _TICK else -1
        return self._others

    def _receive(self) -> None:
        received: set[str] = set()
        count = 0
        with contextlib.suppress(BlockingIOError):
            while self._socket is not None and count < 64:
                received.update(self._socket.recv(_LONGEST_CALL).decode(errors="replace").split("\n"))
                count += 1
        self.ring_here(None if count >= _QUEUE or "*" in received else received)


def _directory(file: Path) -> Path:
    name = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"triptych-{os.getuid()}" / name
