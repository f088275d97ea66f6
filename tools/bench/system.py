"""The whole system as a user starts it: how soon it is ready, what it costs at rest, how soon figures are seen."""
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chassis.definitions import publish
from chassis.envelope import encode
from chassis.host import definitions_of, find_service, ports
from chassis.ports import Bus, Outgoing
from chassis.projector import Cells
from chassis.settings import Settings
from contracts.crm import OpportunityOpeningRequested, PaymentReceived
from tools.bench.running import environment
from tools.bench.works import SOURCE, Wrong, eur
from tools.broker import free_ports

READY_WITHIN = 60.0
TICK = 0.02
PROBE = "probe"  # the region by which the events that are watched are told from the load
LOAD_DEALS = 0.1  # of the load; the rest are payments
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    settings: Settings
    ready_seconds: float
    pid: int

    def processes(self) -> list[int]:
        """The supervisor and its children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]


@contextmanager
def up(settings: Settings, directory: Path) -> Iterator[Running]:
    """`triptych up` with a port block and a data directory of its own; returns when it says that it is ready."""
    chosen = _placed(settings, directory)
    log = (directory / "up.log").open("wb")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cli", "up"], env=os.environ | environment(chosen) | {"COLUMNS": "200"},
        stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        while b"is ready" not in (directory / "up.log").read_bytes():
            if process.poll() is not None or time.perf_counter() - began > READY_WITHIN:
                raise Wrong(f"the system did not start: {(directory / 'up.log').read_text()[-2000:]}")
            time.sleep(0.02)
        yield Running(chosen, time.perf_counter() - began, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _placed(settings: Settings, directory: Path) -> Settings:
    directory.mkdir(parents=True, exist_ok=True)
    for _ in range(20):
        (first, door) = free_ports(2)
        if first < 60_000:
            break
    return settings.model_copy(update={
        "data_dir": directory.absolute(), "first_port": first, "http": f"127.0.0.1:{door}"})


# --- at rest ---------------------------------------------------------------------------------------------------------


def idle_cpu(system: Running, seconds: float = 15.0) -> float:
    """Share of one core, all processes together."""
    before = sum(map(_cpu, system.processes()))
    time.sleep(seconds)
    return (sum(map(_cpu, system.processes())) - before) / seconds


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def largest_mb(system: Running) -> float:
    """Resident memory of the largest service process, what it shares with the others included."""
    page = os.sysconf("SC_PAGE_SIZE") / 2**20
    sizes = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in system.processes()[1:]]
    return max(sizes)


# --- from publishing to a board --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Probes:
    """When the n-th event was published, and when a figure first counted n of them."""

    measure: str
    sent: list[float]
    seen: list[float]

    def p99_ms(self) -> float:
        if len(self.seen) < len(self.sent):
            raise Wrong(f"{self.measure}: {len(self.sent)} published, {len(self.seen)} seen")
        waits = sorted(seen - sent for sent, seen in zip(self.sent, self.seen, strict=True))
        return waits[min(len(waits) - 1, int(len(waits) * 0.99))] * 1000


async def latency(system: Running, rate: int, seconds: float) -> tuple[float, float]:
    """p99 in ms of payments and of deals, from publish to the cells that boards read, under `rate` events/s."""
    async with ports(system.settings) as (bus, store):
        definitions = await publish(store, definitions_of(system.settings))
        cells = Cells(store, "kpi", find_service("kpi").build(definitions).generation)
        payments, deals = Probes("payments_received", [], []), Probes("opportunities_opened", [], [])
        stop = asyncio.Event()
        watching = [asyncio.create_task(_watch(cells, p, stop)) for p in (payments, deals)]
        await _publish(bus, rate, 3.0, None, None)
        await _publish(bus, rate, seconds, payments, deals)
        end = time.perf_counter() + 30
        while time.perf_counter() < end and any(len(p.seen) < len(p.sent) for p in (payments, deals)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*watching)
    return payments.p99_ms(), deals.p99_ms()


async def _watch(cells: Cells, probes: Probes, stop: asyncio.Event) -> None:
    day = datetime.now(UTC).date()
    while not stop.is_set():
        found = await cells.read(probes.measure, day - timedelta(days=1), day + timedelta(days=2))
        n = sum(cell.n for cell in found if cell.dims.get("region") == PROBE)
        probes.seen += [time.perf_counter()] * (n - len(probes.seen))
        await asyncio.sleep(0.004)


_numbers = iter(range(10**9))


async def _publish(bus: Bus, rate: int, seconds: float, payments: Probes | None, deals: Probes | None) -> None:
    """A part of the load every 20 ms; a probe of each kind in every second one."""
    began = time.perf_counter()
    for tick in range(int(seconds / TICK)):
        some = [_one(next(_numbers), None) for _ in range(int(rate * TICK))]
        if payments is not None and deals is not None and tick % 2 == 0:
            some += _probes(payments, deals)
        await bus.publish(some)
        wait = began + (tick + 1) * TICK - time.perf_counter()
        await asyncio.sleep(max(0.0, wait))


def _probes(payments: Probes, deals: Probes) -> Sequence[Outgoing]:
    now = time.perf_counter()
    payments.sent.append(now)
    deals.sent.append(now)
    return [_one(next(_numbers), PROBE, deal=deal) for deal in (False, True)]


def _one(n: int, region: str | None, *, deal: bool | None = None) -> Outgoing:
    is_deal = n % round(1 / LOAD_DEALS) == 0 if deal is None else deal
    event: Any = OpportunityOpeningRequested(
        opportunity_id=f"deal-{n}", business_line="hardware", region=region or f"R{n % 4}", amount=eur(n),
    ) if is_deal else PaymentReceived(
        payment_id=f"payment-{n}", customer_id="customer-probe" if region else f"customer-{n % 5000}", amount=eur(n),
        region=region or f"R{n % 4}")
    return encode(event, id=f"l{n}", source=SOURCE, time=datetime.now(UTC))
