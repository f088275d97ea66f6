"""The whole system as a user starts it: time until ready, CPU and memory at rest, latency of figures."""
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from chassis.domain.definitions import publish
from chassis.messages.envelope import encode
from chassis.ports import Bus, Outgoing
from chassis.projections import Cell, CellReader
from chassis.runtime.host import load_definitions, open_ports
from chassis.service.discovery import find_service
from chassis.support.clock import today, utc_now
from chassis.support.settings import Settings
from contracts.crm import OpportunityOpeningRequested, PaymentReceived
from dev.benchmark.processes import environment
from dev.benchmark.workloads import SOURCE, InexactResult, eur
from dev.kafka_cluster import free_ports

READY_WITHIN = 60.0
TICK = 0.02
PROBE = "probe"  # region that distinguishes the observed events from the load
MEASURES = ("payments_received", "opportunities_opened")
LOAD_DEALS = 10  # every tenth event of the load is a deal; the others are payments
POLL_SECONDS = 0.008  # between two reads of the figures; reading competes with counting
WARMUP_SECONDS = 3.0
KEPT_UP_SECONDS = 1.0  # after the last publish, within which all events must be counted
PATIENCE = 240.0
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
    chosen = _with_own_ports(settings, directory)
    log = (directory / "up.log").open("wb")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cli", "up"], env=os.environ | environment(chosen) | {"COLUMNS": "200"},
        stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        while b"is ready" not in (directory / "up.log").read_bytes():
            if process.poll() is not None or time.perf_counter() - began > READY_WITHIN:
                raise InexactResult(f"the system did not start: {(directory / 'up.log').read_text()[-2000:]}")
            time.sleep(0.02)
        yield Running(chosen, time.perf_counter() - began, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _with_own_ports(settings: Settings, directory: Path) -> Settings:
    directory.mkdir(parents=True, exist_ok=True)
    for _ in range(20):
        (first, http_port) = free_ports(2)
        if first < 60_000:
            break
    return settings.model_copy(update={
        "data_dir": directory.absolute(), "first_port": first, "http": f"127.0.0.1:{http_port}"})


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
    """When the n-th event was published, and when a figure first counted n of them more than `before`."""

    measure: str
    before: int = 0
    sent: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)

    def p99_ms(self) -> float:
        if len(self.seen) != len(self.sent):
            raise InexactResult(f"{self.measure}: {len(self.sent)} published, {len(self.seen)} seen")
        waits = sorted(seen - sent for sent, seen in zip(self.sent, self.seen, strict=True))
        return waits[min(len(waits) - 1, int(len(waits) * 0.99))] * 1000


@dataclass(frozen=True, slots=True)
class Latency:
    """p99 in ms from publishing to the cells that boards read. `kept_up`: the load was published at the requested rate
    and the last event was counted in time. `rate`: events/s until the last was counted."""

    payments_ms: float
    deals_ms: float
    kept_up: bool
    rate: float


Totals = tuple[tuple[int, int], tuple[int, int]]
"""(n, sum) of payments and of deals."""


async def latency(system: Running, rate: int, seconds: float) -> Latency:
    """Under `rate` events/s. Raises InexactResult unless the figures equal what was published."""
    async with open_ports(system.settings) as (bus, store):
        definitions = await publish(store, load_definitions(system.settings))
        cells = CellReader(store, "kpi", find_service("kpi").build(definitions).generation)
        payments, deals = probes = [Probes(measure, await _count(cells, measure)) for measure in MEASURES]
        load, before = Load(bus, rate), await _totals(cells)
        stop = asyncio.Event()
        began = time.perf_counter()
        watching = asyncio.create_task(_watch(cells, probes, stop))
        try:
            await load.publish(WARMUP_SECONDS)
            await load.publish(seconds, probes)
            published = time.perf_counter()
            await _until_counted(cells, before, load)
            end = time.perf_counter()
        finally:
            stop.set()
            await asyncio.wait({watching})
    kept_up = end - published < KEPT_UP_SECONDS and published - began < 1.1 * (WARMUP_SECONDS + seconds)
    return Latency(payments.p99_ms(), deals.p99_ms(), kept_up, load.n / (end - began))


async def _watch(cells: CellReader, probes: Sequence[Probes], stop: asyncio.Event) -> None:
    last = False
    while not last:
        last = stop.is_set()  # one more read: everything is counted by then
        for probe in probes:
            n = await _count(cells, probe.measure) - probe.before
            probe.seen += [time.perf_counter()] * (n - len(probe.seen))
        await asyncio.sleep(POLL_SECONDS)


async def _count(cells: CellReader, measure: str) -> int:
    return sum(cell.n for cell in await _read(cells, measure) if cell.dims.get("region") == PROBE)


async def _read(cells: CellReader, measure: str) -> Sequence[Cell]:
    day = today()
    return await cells.read(measure, day - timedelta(days=1), day + timedelta(days=2))


async def _totals(cells: CellReader) -> Totals:
    payments, deals = [
        (sum(cell.n for cell in cells_read), sum(cell.sum for cell in cells_read))
        for cells_read in [await _read(cells, measure) for measure in MEASURES]]
    return payments, deals


async def _until_counted(cells: CellReader, before: Totals, load: "Load") -> None:
    (n, total), (deals, _) = before
    expected = (n + load.payments, total + load.amount, deals + load.deals)
    until = time.perf_counter() + PATIENCE
    while True:
        (n, total), (deals, _) = await _totals(cells)
        if (n, total, deals) == expected:
            return
        if time.perf_counter() > until:
            raise InexactResult(f"payments, their sum, deals: {(n, total, deals)} instead of {expected}")
        await asyncio.sleep(0.05)


_numbers = iter(range(10**9))


class Load:
    """Publishes payments and, as every tenth event, requests to open a deal; counts both and the sum of payments."""

    def __init__(self, bus: Bus, rate: int) -> None:
        self._bus, self._rate = bus, rate
        self.payments = self.amount = self.deals = 0

    @property
    def n(self) -> int:
        return self.payments + self.deals

    async def publish(self, seconds: float, probes: Sequence[Probes] = ()) -> None:
        """Publishes a batch every 20 ms; every second one has a probe of each kind."""
        began = time.perf_counter()
        for tick in range(int(seconds / TICK)):
            batch = [self._event(n, f"R{n % 4}", is_deal=n % LOAD_DEALS == 0)
                    for n in (next(_numbers) for _ in range(int(self._rate * TICK)))]
            if probes and tick % 2 == 0:
                now = time.perf_counter()
                for probe in probes:
                    probe.sent.append(now)
                    batch.append(self._event(next(_numbers), PROBE, is_deal=probe.measure != MEASURES[0]))
            await self._bus.publish(batch)
            await asyncio.sleep(max(0.0, began + (tick + 1) * TICK - time.perf_counter()))

    def _event(self, n: int, region: str, *, is_deal: bool) -> Outgoing:
        event: Any
        if is_deal:
            self.deals += 1
            event = OpportunityOpeningRequested(
                opportunity_id=f"deal-{n}", business_line="hardware", region=region, amount=eur(n))
        else:
            self.payments += 1
            self.amount += n
            customer = "customer-probe" if region == PROBE else f"customer-{n % 5000}"
            event = PaymentReceived(payment_id=f"payment-{n}", customer_id=customer, amount=eur(n), region=region)
        return encode(event, id=f"l{n}", source=SOURCE, time=utc_now())
