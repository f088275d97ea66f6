"""Fixtures of a real Kafka and a MongoDB-compatible server for tests marked `real`; each starts once, at first use.

`TRIPTYCH_TEST_KAFKA` (host:port) and `TRIPTYCH_TEST_MONGO` (a URL) name running servers. If a server is neither named
nor can be started, its tests are skipped with a reason that begins "not proven here:".
"""
import atexit
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import Popen

import pytest

from dev.kafka_cluster import BrokerUnavailable, KafkaCluster, free_ports, listens, spawn, tail_of, terminate

SECANTUS = "pip install 'secantusdb==0.7.0b3' (Python 3.10 to 3.13), or name a MongoDB in TRIPTYCH_TEST_MONGO"


@dataclass
class DocumentServer:
    """SecantusDB in its own process; port and data survive a restart."""

    directory: Path
    port: int
    process: "Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def start(self, within: float = 30.0) -> None:
        server = Path(sys.executable).parent / "secantusd-py"
        if not server.exists():
            raise BrokerUnavailable(f"no MongoDB-compatible server. {SECANTUS}")
        log = self.directory / "server.log"
        self.process = spawn(
            [str(server), "--host", "127.0.0.1", "--port", str(self.port), "--storage-path",
             str(self.directory / "data"), "--log-level", "WARNING"],
            log,
        )
        deadline = time.monotonic() + within
        while not listens(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BrokerUnavailable(f"SecantusDB did not start: {tail_of(log)}. {SECANTUS}")
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            terminate(self.process)


def temporary_directory(name: str) -> Path:
    """A directory that is removed when the tests end."""
    directory = Path(tempfile.mkdtemp(prefix=f"triptych-{name}-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@cache
def _kafka() -> str | BrokerUnavailable:
    cluster = KafkaCluster(temporary_directory("kafka"))
    try:
        cluster.start()
    except BrokerUnavailable as error:
        return error
    atexit.register(cluster.stop)  # runs before the directory is removed
    return cluster.bootstrap


@cache
def _mongo() -> str | BrokerUnavailable:
    (port,) = free_ports(1)
    server = DocumentServer(temporary_directory("mongo"), port)
    try:
        server.start()
    except BrokerUnavailable as error:
        return error
    atexit.register(server.stop)
    return server.url


def _or_skip(found: str | BrokerUnavailable) -> str:
    if isinstance(found, BrokerUnavailable):
        pytest.skip(str(found))
    return found


@pytest.fixture(scope="session")
def kafka() -> str:
    """Bootstrap servers of a real Kafka, shared by all tests: use your own topics and groups."""
    return os.environ.get("TRIPTYCH_TEST_KAFKA") or _or_skip(_kafka())


@pytest.fixture(scope="session")
def mongo() -> str:
    """URL of a MongoDB-compatible server, shared by all tests: use your own collections."""
    return os.environ.get("TRIPTYCH_TEST_MONGO") or _or_skip(_mongo())
