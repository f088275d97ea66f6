"""Waking readers: whoever has committed rings by name, in this process and in every other on the same file.

Each process binds one Unix datagram socket in a directory that belongs to the file. A bell that is missed costs
nothing but time: who waits looks again after a second anyway.
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


class Bell:
    """Set when one of its names was rung. Who waits clears it before looking."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.rung = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Returns when it rings or the time is over."""
        if not self.rung.is_set() and seconds > 0:
            # not wait_for: until Python 3.12 it may swallow a cancellation that comes together with the bell
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.rung.wait()


class Bells:
    def __init__(self, file: Path) -> None:
        self._directory = _directory(file)
        self._bells: set[Bell] = set()
        self._socket: socket.socket | None = None
        self._address: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._others: list[str] = []
        self._listed_at = -1  # the directory's change time when it was listed

    def start(self) -> None:
        """Begin to hear the others; where the machine does not allow it, waiting by the clock remains."""
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            self._directory.parent.mkdir(mode=0o700, exist_ok=True)
            self._directory.mkdir(mode=0o700, exist_ok=True)
            if self._directory.parent.stat().st_uid != os.getuid():
                return
            address = self._directory / f"{os.getpid()}-{secrets.token_hex(4)}"
            if len(os.fsencode(address)) > _LONGEST_PATH:
                return
            ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            ours.setblocking(False)
            ours.bind(str(address))
            self._socket, self._address = ours, address
            self._loop.add_reader(ours.fileno(), self._hear)

    def stop(self) -> None:
        if self._socket is not None and self._loop is not None and self._address is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._address.unlink(missing_ok=True)
        self._socket = None

    def listen(self, names: Iterable[str]) -> Bell:
        bell = Bell(names)
        self._bells.add(bell)
        return bell

    def forget(self, bell: Bell) -> None:
        self._bells.discard(bell)

    def ring_here(self, names: Iterable[str] | None) -> None:
        """Ring in this process, from the loop's thread; None rings every bell."""
        rung = None if names is None else frozenset(names)
        for bell in self._bells:
            if rung is None or not rung.isdisjoint(bell.names):
                bell.rung.set()

    def ring_others(self, names: Iterable[str]) -> None:
        """Ring in the other processes; from any one thread."""
        ours = self._socket
        if ours is None:
            return
        call = "\n".join(sorted(set(names))).encode()
        for other in self._addresses():
            try:
                ours.sendto(call if len(call) <= _LONGEST_CALL else b"*", other)
            except BlockingIOError:
                continue  # it has enough to wake for
            except (ConnectionRefusedError, FileNotFoundError):
                with contextlib.suppress(OSError):
                    Path(other).unlink(missing_ok=True)  # its process is gone
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

    def _hear(self) -> None:
        heard: set[str] = set()
        count = 0
        with contextlib.suppress(BlockingIOError):
            while self._socket is not None and count < 64:
                heard.update(self._socket.recv(_LONGEST_CALL).decode(errors="replace").split("\n"))
                count += 1
        self.ring_here(None if count >= _QUEUE or "*" in heard else heard)


def _directory(file: Path) -> Path:
    name = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"triptych-{os.getuid()}" / name
