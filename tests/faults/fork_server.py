"""A warm parent: everything is imported once, then members are forked, each ready in a fraction of a second.

    python -m tests.faults.fork_server       reads one JSON object a line, and answers so

    {"start": "kpi-1", "service": "kpi", "env": {"TRIPTYCH_...": "..."}, "log": "kpi-1.log"}
    -> {"started": "kpi-1", "pid": 7}, {"ready": "kpi-1", "pid": 7}, {"ended": "kpi-1", "pid": 7, "status": -9}

It has neither threads nor an event loop, so it may fork at any time; its children die with it, and it with its input.
"""
import ctypes
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

from chassis.runtime.host import load_definitions, run_process
from chassis.service.discovery import internal_services
from chassis.support.settings import Settings
from tests.support.environment import clean_environment

PDEATHSIG = 1


class Nursery:
    def __init__(self) -> None:
        self._names: dict[int, str] = {}  # pid -> name
        self._pipes: dict[int, int] = {}  # pipe that tells of readiness -> pid

    def run(self) -> None:
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        os.set_blocking(0, False)
        waiting = b""
        while True:
            readable, _, _ = select.select([0, wake, *self._pipes], [], [])
            if wake in readable:
                os.read(wake, 4096)
                self._reap()
            for pipe in [p for p in readable if p in self._pipes]:
                self._heard(pipe)
            if 0 in readable:
                said = os.read(0, 1 << 16)
                if not said:
                    return
                *lines, waiting = (waiting + said).split(b"\n")
                for line in lines:
                    self._start(json.loads(line))

    def _start(self, order: dict[str, Any]) -> None:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become(order, write)
        os.close(write)
        self._names[pid], self._pipes[read] = order["start"], pid
        _tell(started=order["start"], pid=pid)

    def _become(self, order: dict[str, Any], ready: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)
            for name in os.environ.keys() - clean_environment():
                del os.environ[name]
            os.environ.update(order["env"])
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            for number in (1, 2):
                os.dup2(log, number)
            run_process(order["service"], Settings(), lambda: (os.write(ready, b"."), None)[1])
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _heard(self, pipe: int) -> None:
        pid = self._pipes.pop(pipe)
        if os.read(pipe, 16) and pid in self._names:
            _tell(ready=self._names[pid], pid=pid)
        os.close(pipe)

    def _reap(self) -> None:
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self._names.pop(pid, None)
            if name is not None:
                _tell(ended=name, pid=pid, status=os.waitstatus_to_exitcode(raw))


def _tell(**said: Any) -> None:
    os.write(1, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    definitions = load_definitions(Settings(definitions=Path("definitions")))
    for service in internal_services():
        service.build(definitions)
    import chassis.adapters.sqlite
    import services.gateway.app  # noqa: F401

    if "--kafka" in sys.argv:
        import chassis.adapters.kafka  # noqa: F401
    _tell(warm=True, pid=os.getpid())
    Nursery().run()
