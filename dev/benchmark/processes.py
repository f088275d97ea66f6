"""Runs a workload: publishes it, lets a process consume it, checks the results, and only then returns the speed."""
import asyncio
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.domain.definitions import publish
from chassis.runtime.application import Application
from chassis.runtime.host import load_definitions, open_ports
from chassis.service.discovery import find_service
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from dev.benchmark.workloads import Workload, require_equal

CHUNK = 5_000
PATIENCE = 600  # seconds for one work


@dataclass(frozen=True, slots=True)
class Speed:
    """`records`: per second, with those that a service publishes to itself. `peak_mb`: peak resident memory."""

    records: float
    events: float
    cpu_share: float = 0.0
    peak_mb: float = 0.0

    @property
    def cpu_us(self) -> float:
        """CPU time per event in µs, all threads together: little affected by other load on the machine."""
        return self.cpu_share / self.events * 1e6 if self.events else 0.0


async def fill(settings: Settings, work: Workload) -> None:
    """Publish all of a work's records on an empty log."""
    async with open_ports(settings) as (bus, _):
        await bus.ensure_topics({topic: TOPICS[topic].partitions for topic in work.topics})
        for start in range(0, len(work.messages), CHUNK):
            await bus.publish(work.messages[start : start + CHUNK])


def run_service(settings: Settings, work: Workload) -> Speed:
    """One process of the service consumes everything."""
    result = child("dev.benchmark.service_process", work.service, str(work.processed), settings=settings)
    records = result["records"] / result["seconds"]
    return Speed(
        records, records * len(work.messages) / work.processed, result["cpu_seconds"] / result["seconds"],
        result["peak_mb"])


def run_service_with_a_kill(settings: Settings, work: Workload) -> Speed:
    """Like `run_service`, but kill -9 ends the first process half-way, and a second one continues.

    The speed is that of both together, without the time until the lease of the first one expires.
    """
    half = work.processed // 2
    runs = [child("dev.benchmark.service_process", work.service, str(half), "0", "kill", settings=settings)]
    remaining = asyncio.run(backlog(settings, work))
    if remaining:  # else the last batch was committed before the kill came
        runs.append(child("dev.benchmark.service_process", work.service, str(remaining), settings=settings))
    seconds = sum(run["seconds"] for run in runs)
    records = sum(run["records"] for run in runs) / seconds
    return Speed(records, records * len(work.messages) / work.processed,
                 sum(run["cpu_seconds"] for run in runs) / seconds, max(run["peak_mb"] for run in runs))


def run_service_in_processes(settings: Settings, work: Workload, processes: int) -> Speed:
    """Several processes of the service share its partitions, from the first commit of any to the last of all."""
    with ThreadPoolExecutor(processes) as threads:
        runs = list(threads.map(
            lambda _: child("dev.benchmark.service_process", work.service, "0", "0", "shared", settings=settings),
            range(processes)))
    seconds = max(run["ended"] for run in runs) - min(run["began"] for run in runs)
    records = sum(run["records"] for run in runs) / seconds
    return Speed(records, records * len(work.messages) / work.processed,
                 sum(run["cpu_seconds"] for run in runs) / seconds, max(run["peak_mb"] for run in runs))


async def backlog(settings: Settings, work: Workload) -> int:
    """Uncommitted records by the log: a killed process may have committed more than it printed."""
    async with open_ports(settings) as (bus, store):
        definitions = await publish(store, load_definitions(settings))
        application = Application(find_service(work.service), settings, store, bus, definitions)
        return sum((await application.freshness())["lag"].values())


async def check(settings: Settings, work: Workload) -> None:
    """Raises InexactResult unless every result is exact and nothing became a dead letter."""
    async with open_ports(settings) as (bus, store):
        definitions = await publish(store, load_definitions(settings))
        application = Application(find_service(work.service), settings, store, bus, definitions)
        await application.start()
        await work.check(application)
        groups = await store.count(application.dead_letters.collection.name, {})
        require_equal("dead letters", groups[0].n, 0)


def raw(bootstrap: str, work: Workload) -> Speed:
    found = child("dev.benchmark.raw", bootstrap, str(len(work.messages)), *work.topics)
    records = found["records"] / found["seconds"]
    return Speed(records, records, found["cpu_seconds"] / found["seconds"])


def measured(settings: Settings, work: Workload, *, kill: bool = False, processes: int = 1) -> Speed:
    """Publishes, consumes, checks."""
    asyncio.run(fill(settings, work))
    if processes > 1:
        speed = run_service_in_processes(settings, work, processes)
    else:
        speed = (run_service_with_a_kill if kill else run_service)(settings, work)
    asyncio.run(check(settings, work))
    return speed


def child(module: str, *arguments: str, settings: Settings | None = None) -> Any:
    """What a module's process prints, from JSON. Raises CalledProcessError when it fails (kill -9 is intended)."""
    completed = subprocess.run(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, check=False, timeout=PATIENCE,
        env=os.environ | (environment(settings) if settings else {}))
    if completed.returncode not in (0, -signal.SIGKILL) or not completed.stdout:
        raise subprocess.CalledProcessError(completed.returncode, module)
    return json.loads(completed.stdout)


def environment(settings: Settings) -> dict[str, str]:
    """`TRIPTYCH_*` for a process that is to have these settings."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {f"TRIPTYCH_{name.upper()}": str(value) for name, value in values.items()}


def embedded(directory: Path, settings: Settings) -> Settings:
    return settings.model_copy(update={"data_dir": directory.absolute(), "kafka": None, "mongo": None})
