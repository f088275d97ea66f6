"""`triptych up`: runs all services on this machine, one process each, and prints the addresses once all are ready."""
import contextlib
import fcntl
import hashlib
import importlib
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from chassis.runtime.host import check_ports, load_definitions, run_process
from chassis.runtime.supervisor import ChildMain, Supervisor
from chassis.service.addresses import management_port
from chassis.service.discovery import find_services
from chassis.support.errors import ActionableError
from chassis.support.settings import Settings
from tools.backup import NotPossible

BOOT = Path("/proc/sys/kernel/random/boot_id")


class DataDirInUse(ActionableError):
    """Another system uses this data directory."""


def run_up(
    settings: Settings, *, simulation: Mapping[str, Any] | None, real: bool, console: Console,
    processes: Mapping[str, int] | None = None,
) -> int:
    """Runs until SIGTERM or Ctrl-C; returns the exit status. `processes`: {service: number of processes}, default 1."""
    further = [name for name, n in (processes or {}).items() for _ in range(n - 1)]
    began = time.monotonic()
    definitions = load_definitions(settings)
    for service in find_services():  # imported once before forking; invalid definitions fail before any process starts
        service.build(definitions)
        if service.public is not None:
            service.public.address(settings)
            service.public.load()
    with _exclusive(settings.data_dir):
        check_ports(settings, len(further))
        with _broker(settings, real, console) as chosen:
            return _supervised(chosen, further, simulation, began, console)


def _supervised(
    settings: Settings, further: Sequence[str], simulation: Mapping[str, Any] | None, began: float, console: Console,
) -> int:
    children: dict[str, ChildMain] = {name: _service_main(name, settings) for name in (s.name for s in find_services())}
    children |= {f"{name} ({n})": _service_main(name, settings, n) for n, name in enumerate(further, 1)}
    if simulation is not None:
        children["simulation"] = _simulation_main(settings, simulation, console)
    supervisor = Supervisor(
        children,
        on_ready=lambda _ready: _report_ready(settings, time.monotonic() - began, simulation is not None, console),
        on_death=lambda name, status: console.print(
            f"[yellow]{name} ended ({_describe(status)}) and is restarted.[/]", highlight=False),
        once=frozenset({"simulation"}))
    return supervisor.run()


def _describe(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def _service_main(name: str, settings: Settings, further: int = 0) -> ChildMain:
    named = settings.model_copy(update={"instance": instance_name(name, settings, further)})
    return lambda ready: run_process(name, named, ready, further)


def instance_name(name: str, settings: Settings, further: int) -> str:
    """Static member name of a process in its consumer group, unique per boot of a machine and data directory.

    `_exclusive` allows one system per data directory; the boot id distinguishes cloned machines with one host name.
    """
    started = BOOT.read_text().strip() if BOOT.exists() else ""
    here = f"{socket.gethostname()} {started} {settings.data_dir.absolute()}"
    where = hashlib.sha256(here.encode()).hexdigest()[:16]
    return f"{settings.instance or where}.{name}.{further}"


def _simulation_main(settings: Settings, simulation: Mapping[str, Any], console: Console) -> ChildMain:
    def live(ready: Callable[[], None]) -> None:
        from chassis.runtime.host import configure_logs
        from tools.simulation.command import resume_simulation

        configure_logs(settings, "simulation")
        ready()
        resume_simulation(settings, seed=simulation["seed"], history_days=simulation["history_days"],
                  speed=simulation["speed"], console=console)

    return live


@contextlib.contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """One system per data directory: a second one would serve the same ports and the same groups."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DataDirInUse(f"Another `triptych up` uses {directory}.",
                           "Stop it, or choose another TRIPTYCH_DATA_DIR.") from None
    try:
        yield
    finally:
        os.close(lock)


def _kafka_cluster() -> Any:
    """The test broker is part of the checkout (`dev/`), not of the installed package nor of its import path."""
    checkout = Path(__file__).parents[1]
    if not (checkout / "dev" / "kafka_cluster.py").exists():
        raise NotPossible("--real needs a checkout of the repository.", "With an installed package set TRIPTYCH_KAFKA "
                          "to the bootstrap servers of a Kafka cluster.")
    if str(checkout) not in sys.path:
        sys.path.append(str(checkout))
    return importlib.import_module("dev.kafka_cluster").KafkaCluster


@contextlib.contextmanager
def _broker(settings: Settings, real: bool, console: Console) -> Iterator[Settings]:
    """With --real: an Apache Kafka broker on loopback for as long as the system is up."""
    if not real:
        yield settings
        return
    KafkaCluster = _kafka_cluster()

    console.print("starting an Apache Kafka broker …")
    with KafkaCluster((settings.data_dir / "kafka").absolute()) as cluster:
        console.print(f"Apache Kafka listens on {cluster.bootstrap}")
        yield settings.model_copy(update={"kafka": cluster.bootstrap})


def _sign_in(settings: Settings) -> str:
    if settings.oidc_issuer:
        return f"by {settings.oidc_issuer}, or with an API key"
    return "DEVELOPER: everyone who reaches this address is admin, without a password"


def _report_ready(settings: Settings, seconds: float, simulated: bool, console: Console) -> None:
    address = f"http://{settings.http}"
    ports = [management_port(settings, service.name) for service in find_services()]
    console.print(f"\n[bold]Triptych is ready[/] after {seconds:.1f} s"
                  + (" with a simulated company." if simulated else "."), highlight=False)
    log = f"Apache Kafka at {settings.kafka}" if settings.kafka else f"embedded, in {settings.data_dir}"
    for name, value in (
        ("console", address), ("deals", f"{address}/v1/opportunities"), ("revenue", f"{address}/v1/boards/revenue"),
        ("all routes", f"{address}/openapi.json"), ("health", f"{address}/v1/health"),
        ("metrics", f"http://127.0.0.1:{min(ports)}/metrics (one port per service, up to {max(ports)})"),
        ("log and store", log), ("sign-in", _sign_in(settings)), ("stop", "Ctrl-C"),
    ):
        console.print(f"  {name:<14} {value}", highlight=False)
