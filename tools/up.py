"""`triptych up`: everything on this machine, one process per service; says where, when all are ready."""
import contextlib
import fcntl
import hashlib
import importlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from chassis.runtime.host import check_ports, definitions_of, find_services, run_process
from chassis.runtime.supervisor import Supervisor, Work
from chassis.support.errors import ActionableError
from chassis.support.settings import SERVICES, Settings
from tools.backup import NotPossible

BOOT = Path("/proc/sys/kernel/random/boot_id")


class DataDirInUse(ActionableError):
    """Another system runs on this data directory."""


def run_up(
    settings: Settings, *, simulation: Mapping[str, Any] | None, real: bool, console: Console,
    processes: Mapping[str, int] | None = None,
) -> int:
    """Until SIGTERM or Ctrl-C. Returns the exit status. `processes`: how many of a service, when not one."""
    further = [name for name, n in (processes or {}).items() for _ in range(n - 1)]
    from services.gateway.api import check_address

    door = check_address(settings.http, settings)
    began = time.monotonic()
    definitions = definitions_of(settings)
    for service in find_services():  # imported once, before forking; a bad definition is told before anything starts
        service.build(definitions)
    with _alone(settings.data_dir):
        check_ports(settings, door, len(further))
        with _broker(settings, real, console) as chosen:
            return _supervised(chosen, further, simulation, began, console)


def _supervised(
    settings: Settings, further: Sequence[str], simulation: Mapping[str, Any] | None, began: float, console: Console,
) -> int:
    works: dict[str, Work] = {name: _serving(name, settings) for name in (*SERVICES, "gateway")}
    works |= {f"{name} ({n})": _serving(name, settings, n) for n, name in enumerate(further, 1)}
    if simulation is not None:
        works["simulation"] = _simulating(settings, simulation, console)
    supervisor = Supervisor(
        works, on_ready=lambda _ready: _tell(settings, time.monotonic() - began, simulation is not None, console),
        on_death=lambda name, status: console.print(
            f"[yellow]{name} ended ({_words(status)}); it is started again.[/]", highlight=False),
        once=frozenset({"simulation"}))
    return supervisor.run()


def _words(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def _serving(name: str, settings: Settings, further: int = 0) -> Work:
    named = settings.model_copy(update={"instance": instance_name(name, settings, further)})
    return lambda ready: run_process(name, named, ready, further)


def instance_name(name: str, settings: Settings, further: int) -> str:
    """One system per machine and data directory (see `_alone`), so nobody else in the group has this name. Machines
    that were copied may be called the same: so it is the machine as it was started this time."""
    started = BOOT.read_text().strip() if BOOT.exists() else ""
    here = f"{socket.gethostname()} {started} {settings.data_dir.absolute()}"
    where = hashlib.sha256(here.encode()).hexdigest()[:16]
    return f"{settings.instance or where}.{name}.{further}"


def _simulating(settings: Settings, simulation: Mapping[str, Any], console: Console) -> Work:
    def live(ready: Callable[[], None]) -> None:
        from chassis.runtime.host import configure_logs
        from tools.simulation.command import run_again

        configure_logs(settings, "simulation")
        ready()
        run_again(settings, seed=simulation["seed"], history_days=simulation["history_days"],
                  speed=simulation["speed"], console=console)

    return live


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One system per data directory: a second one would serve the same ports and the same groups."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DataDirInUse(
            f"Another `triptych up` runs on {directory}. Stop it, or choose another TRIPTYCH_DATA_DIR.") from None
    try:
        yield
    finally:
        os.close(lock)


def _kafka_cluster() -> Any:
    """The test broker belongs to the checkout (`dev/`), not to the installed package."""
    try:
        return importlib.import_module("dev.kafka_cluster").KafkaCluster
    except ModuleNotFoundError:
        raise NotPossible("--real needs a checkout of the repository; with an installed package set TRIPTYCH_KAFKA "
                          "to the bootstrap servers of a Kafka cluster.") from None


@contextlib.contextmanager
def _broker(settings: Settings, real: bool, console: Console) -> Iterator[Settings]:
    """With --real: an Apache Kafka broker on loopback for as long as the system is up."""
    if not real:
        yield settings
        return
    KafkaCluster = _kafka_cluster()

    console.print("bringing up an Apache Kafka broker …")
    with KafkaCluster((settings.data_dir / "kafka").absolute()) as cluster:
        console.print(f"Apache Kafka listens on {cluster.bootstrap}")
        yield settings.model_copy(update={"kafka": cluster.bootstrap})


def _signing_in(settings: Settings) -> str:
    if settings.oidc_issuer:
        return f"by {settings.oidc_issuer}, or with an API key"
    return "DEVELOPER: whoever reaches this address is let in as admin, without a password"


def _tell(settings: Settings, seconds: float, simulated: bool, console: Console) -> None:
    door = f"http://{settings.http}"
    console.print(f"\n[bold]Triptych is ready[/] after {seconds:.1f} s"
                  + (" with a simulated company living in it." if simulated else "."), highlight=False)
    log = f"Apache Kafka at {settings.kafka}" if settings.kafka else f"embedded, in {settings.data_dir}"
    for name, value in (
        ("public door", door), ("deals", f"{door}/v1/opportunities"), ("revenue", f"{door}/v1/boards/revenue"),
        ("every route", f"{door}/openapi.json"), ("health", f"{door}/v1/health"),
        ("metrics", f"http://127.0.0.1:{settings.management_port(SERVICES[0])}/metrics (and the five ports after it)"),
        ("log and store", log), ("sign-in", _signing_in(settings)), ("stop", "Ctrl-C"),
    ):
        console.print(f"  {name:<14} {value}", highlight=False)
