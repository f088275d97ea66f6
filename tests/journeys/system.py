"""The whole system as a user starts it: `triptych up` in processes of its own, on free ports, with its own data."""
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil

from chassis.ports import Outgoing, Record
from chassis.runtime.host import open_bus
from chassis.service.discovery import find_service, find_services
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from dev.kafka_cluster import free_ports
from tests.support.environment import clean_environment

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
SERVICES = tuple(service.name for service in find_services())
DEADLINE = 240.0  # seconds; only ends a test that hangs


def port_block() -> int:
    """The first of five free ports in a row, whose thousand-higher neighbours are free too."""
    for _ in range(50):
        first = free_ports(1)[0]
        if all(_free(p) for p in (*range(first, first + 5), *range(first + 1000, first + 1006))):
            return first
    raise RuntimeError("no free ports")


def _free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class System:
    """`with System(tmp_path) as system:` Ready when it is entered; drained, or killed, when it is left."""

    def __init__(self, directory: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.directory, self.options = directory, options
        self.http = f"127.0.0.1:{free_ports(1)[0]}"
        self.log = directory / "up.log"
        self.env = {
            **clean_environment(),
            "TRIPTYCH_HTTP": self.http, "TRIPTYCH_FIRST_PORT": str(port_block()),
            "TRIPTYCH_DATA_DIR": str(directory / "data"), "TRIPTYCH_LOG_LEVEL": "warning", "NO_COLOR": "1",
            "COLUMNS": "160", **(env or {}),
        }
        self.client = httpx.Client(base_url=f"http://{self.http}", timeout=60, trust_env=False)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None,
                 _trace: TracebackType | None) -> None:
        self.stop()
        self.client.close()

    def start(self) -> None:
        """Returns when every service is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command("up", *self.options), cwd=ROOT, env=self.env, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        self.until(self.ready, "the system is ready")

    def stop(self) -> int:
        """Ask it to drain; its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill_all()
            status = -9
        self.process = None
        return status

    def kill_all(self) -> None:
        assert self.process is not None
        for process in [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]:
            process.kill()
        self.process.wait(10)

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return self.client.get("/v1/health").status_code == 200
        except httpx.TransportError:
            return False

    def pid_of(self, service: str) -> int | None:
        """Children are forked in the order of SERVICES, and again when they die: found by the port they serve."""
        assert self.process is not None
        first = int(self.env["TRIPTYCH_FIRST_PORT"])
        port = int(self.http.rpartition(":")[2]) if service == "gateway" else first + find_service(service).port_offset
        for child in psutil.Process(self.process.pid).children():
            try:
                if any(c.laddr.port == port and c.status == psutil.CONN_LISTEN for c in child.net_connections("tcp")):
                    return child.pid
            except psutil.Error:
                continue
        return None

    def kill(self, service: str) -> bool:
        """kill -9; False when it was not up at this moment."""
        pid = self.pid_of(service)
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def run(self, *command: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
        """A `triptych` command against this system."""
        return subprocess.run(self._command(*command), cwd=ROOT, env=self.env, capture_output=True, text=True,
                              timeout=timeout, check=False)

    def spawn(self, *command: str) -> "subprocess.Popen[bytes]":
        """The same, not waited for."""
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command(*command), cwd=ROOT, env=self.env, stdout=log, stderr=log,
                                    stdin=subprocess.DEVNULL)

    def import_(self, mapping: str, directory: Path, *options: str) -> "subprocess.CompletedProcess[str]":
        return self.run("import", mapping, str(directory), *options, timeout=600)

    def settle(self) -> None:
        """Until no service has anything left to process, several times in a row."""
        quiet = 0
        end = time.monotonic() + DEADLINE
        while quiet < 4:
            assert time.monotonic() < end, f"not settled after {DEADLINE} s: {self._lag()}"
            quiet = quiet + 1 if self._lag() == 0 else 0
            time.sleep(0.2)

    def _lag(self) -> Any:
        try:
            answer = self.client.get("/v1/lag")
        except httpx.TransportError:
            return "no answer"
        return answer.json()["total"] if answer.status_code == 200 else answer.status_code

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a successful answer; asked again while the gateway cannot reach the service."""
        end = time.monotonic() + DEADLINE
        while (answer := self.client.get(path, params=params)).status_code in (502, 503) and time.monotonic() < end:
            time.sleep(0.2)
        assert answer.status_code == 200, f"{path} {params}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def figures(self, measure: str, **params: Any) -> dict[tuple[str, ...], Any]:
        """{(period, label, ...): value}, all pages."""
        by = [d for d in str(params.get("by", "")).split(",") if d]
        found: dict[tuple[str, ...], Any] = {}
        cursor: str | None = None
        while True:
            page = self.get(f"/v1/kpis/{measure}", limit=500, **params, **({"cursor": cursor} if cursor else {}))
            for row in page["rows"]:
                key = (row["period"], *(row["dimensions"].get(d) for d in by))
                assert key not in found, f"{measure} {params}: two rows for {key}"
                found[key] = row["value"]
            cursor = page["next"]
            if cursor is None:
                return found

    def records(self, *topics: str) -> list[Record]:
        """What lies in the log, by topic, partition and offset; of every topic when none is named."""
        return asyncio.run(self._records(topics or tuple(TOPICS)))

    async def _records(self, topics: Sequence[str]) -> list[Record]:
        bus = open_bus(self.settings())
        await bus.start()
        found: list[Record] = []
        try:
            for place, end in sorted((await bus.end_offsets(topics)).items()):
                at = 0
                while at < end and (some := await bus.read(place, at, 1000)):
                    found += some
                    at = some[-1].offset + 1
        finally:
            await bus.stop()
        return found

    def append(self, *records: Outgoing) -> None:
        """Onto the topics as they are, past the door that would refuse them."""
        async def publish() -> None:
            bus = open_bus(self.settings())
            await bus.start()
            try:
                await bus.publish(records)
            finally:
                await bus.stop()

        asyncio.run(publish())

    def types(self) -> Counter[str]:
        """How many events of each type lie in the log."""
        return Counter(dict(r.headers).get("ce_type", b"").decode() for r in self.records())

    def settings(self) -> Settings:
        return Settings(data_dir=Path(self.env["TRIPTYCH_DATA_DIR"]), kafka=self.env.get("TRIPTYCH_KAFKA"))

    def publish(self, events: Sequence[Mapping[str, Any]]) -> None:
        answer = self.client.post("/v1/events", json=list(events))
        assert answer.status_code == 202, answer.text

    def until(self, holds: Any, what: str) -> None:
        end = time.monotonic() + DEADLINE
        while not holds():
            assert time.monotonic() < end, f"not within {DEADLINE} s: {what}\n{self.log.read_text()[-3000:]}"
            time.sleep(0.1)

    @staticmethod
    def _command(*words: str) -> list[str]:
        return [str(Path(sys.executable).parent / "triptych"), *words]
