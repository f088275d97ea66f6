"""`python -m dev.benchmark`: runs every workload in turn and writes the table."""
import asyncio
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from chassis.support.settings import Settings, settings
from dev.benchmark import decisions, growth, system
from dev.benchmark.processes import Speed, child, embedded, fill, measured, raw, run_service
from dev.benchmark.projections import PeersUnavailable, beside_bytewax, beside_quix
from dev.benchmark.rows import Row, table, write
from dev.benchmark.workloads import Workload, each_service, pipeline, require_equal
from dev.kafka_cluster import BrokerUnavailable, KafkaCluster

NAIVE_COMMANDS = 4_000  # it is slow, and its speed does not depend on the number
MIN_RATE = 100  # events/s
Section = Callable[["Bench"], Iterator[Row]]


class Bench:
    """`events`: number of events of the largest workloads; the others use a part of it."""

    def __init__(self, events: int, kafka: bool, directory: Path, console: Console) -> None:
        self.events, self.kafka, self.directory, self.console = events, kafka, directory, console
        self.settings: Settings = settings()
        self._n = 0

    def fresh(self) -> Path:
        self._n += 1
        return self.directory / str(self._n)

    @contextmanager
    def broker(self) -> Iterator[str]:
        """Raises BrokerUnavailable, also with --no-kafka."""
        if not self.kafka:
            raise BrokerUnavailable("Kafka is switched off by --no-kafka")
        directory = self.fresh()
        with KafkaCluster(directory) as cluster:
            yield cluster.bootstrap
        shutil.rmtree(directory, ignore_errors=True)

    def embedded(self) -> Settings:
        return embedded(self.fresh(), self.settings)


def run_bench(*, events: int, kafka: bool, report: Path | None, console: Console, only: str = "") -> int:
    """Exit status 0; raises InexactResult when a result is not exact. `only`: prefix of the sections' names."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs errors while a topic is being created
    directory = Path(tempfile.mkdtemp(prefix="triptych-bench-"))
    rows: list[Row] = []
    try:
        bench = Bench(events, kafka, directory, console)
        for name, section in SECTIONS.items():
            if name.startswith(only):
                console.print(f"{name} …")
                rows += _rows(section, bench)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    console.print(table(rows))
    if report is not None:
        write(rows, report)
    return 0


def _rows(section: Section, bench: Bench) -> list[Row]:
    """The rows of a section; a section that this machine cannot measure is reported and skipped."""
    rows: list[Row] = []
    try:
        for row in section(bench):
            bench.console.print("  " + "  ".join(row.cells()), highlight=False)
            rows.append(row)
    except (BrokerUnavailable, PeersUnavailable) as error:
        bench.console.print(f"[yellow]{error}[/]", highlight=False)
    return rows


# --- T1: the pipeline ------------------------------------------------------------------------------------------------


def _pipeline(bench: Bench) -> Iterator[Row]:
    for deals, goal, on_kafka in ((bench.events // 2, 0.15, 0.12), (min(1_000, bench.events // 2), 0.30, 0.15)):
        work = pipeline(bench.events, deals)
        own = measured(bench.embedded(), work, kill=True)
        detail = _detail(own)
        two = measured(bench.embedded(), work, processes=2)
        if not bench.kafka:
            yield Row("T1", f"{work.title}, embedded, one kill -9", own.events, "events/s", detail=detail)
            yield Row("T1", f"{work.title}, embedded, two processes", two.events, "events/s", detail=_detail(two))
            continue
        with bench.broker() as bootstrap:
            beside = bench.embedded().model_copy(update={"kafka": bootstrap})
            asyncio.run(fill(beside, work))
            bare = sorted((raw(bootstrap, work) for _ in range(3)), key=lambda speed: speed.events)[1]
            yield Row("T1", f"{work.title}, embedded, one kill -9", own.events / bare.events, "of raw aiokafka", goal,
                      detail=detail | {"by CPU": bare.cpu_us / own.cpu_us, "raw/s": bare.events})
            yield Row("T1", f"{work.title}, embedded, two processes", two.events / bare.events, "of raw aiokafka", goal,
                      detail=_detail(two) | {"by CPU": bare.cpu_us / two.cpu_us})
            speed = run_service(beside, work)
            yield Row("T1k", f"{work.title}, Kafka", speed.events / bare.events, "of raw aiokafka", on_kafka,
                      detail=_detail(speed) | {"by CPU": bare.cpu_us / speed.cpu_us})


def _naive(bench: Bench) -> Iterator[Row]:
    commands = min(NAIVE_COMMANDS, bench.events)
    work = pipeline(commands, commands // 2)
    with bench.broker() as bootstrap:
        beside = bench.embedded().model_copy(update={"kafka": bootstrap})
        asyncio.run(fill(beside, work))
        asyncio.run(_topic(beside))
        directory = bench.fresh()
        result = child("dev.benchmark.naive", bootstrap, *work.topics, str(commands), str(directory))
        require_equal("the naive service's deals", result["stages"], dict(Counter({"engaging": commands // 2})))
        naive = Speed(result["records"] / result["seconds"], result["records"] / result["seconds"],
                      result["cpu_seconds"] / result["seconds"])
    events = min(bench.events, 10 * commands)  # of two for each deal too
    own = measured(bench.embedded(), pipeline(events, events // 2))
    yield Row("T1", "the same, beside the naive service", own.events / naive.events, "times", 30,
              detail={"ours/s": own.events, "naive/s": naive.events, "by CPU": naive.cpu_us / own.cpu_us})


async def _topic(chosen: Settings) -> None:
    from chassis.runtime.host import open_bus

    bus = open_bus(chosen)
    await bus.start()
    await bus.ensure_topics({"bench.naive": 8})
    await bus.stop()


def _detail(speed: Speed) -> dict[str, float]:
    return {"events/s": speed.events, "CPU µs": speed.cpu_us, "peak MB": speed.peak_mb}


def _memory(bench: Bench) -> Iterator[Row]:
    """A backlog twice as long must not need more memory: what is read ahead is bounded."""
    peaks = []
    for events in (bench.events // 2, bench.events):
        peaks.append(measured(bench.embedded(), pipeline(events, bench.events // 4)).peak_mb)
    yield Row("memory", "under load: peak at twice the backlog / peak at once", peaks[1] / peaks[0], "times", 1.1,
              most=True, detail={"backlog": bench.events // 2, "MB": peaks[0], "MB at twice": peaks[1]})


# --- T2 and T3 -------------------------------------------------------------------------------------------------------


def _minutes(bench: Bench) -> Iterator[Row]:
    records = bench.events // 2
    for kind, goal in (("signals", 2.5), ("facts", 0.6)):
        ours, peer = beside_bytewax(kind, records, bench.fresh())
        yield Row("T2", f"one-minute cells, {kind}", ours.events / peer.events, "of Bytewax", goal, detail={
            "ours/s": ours.events, "Bytewax/s": peer.events, "by CPU": peer.cpu_us / ours.cpu_us})
    with bench.broker() as bootstrap:
        ours, peer = beside_quix("signals", records, bench.fresh(), bootstrap)
        yield Row("T2", "one-minute cells, signals, from Kafka", ours.events / peer.events, "of Quix Streams", 8,
                  detail={"ours/s": ours.events, "Quix/s": peer.events, "by CPU": peer.cpu_us / ours.cpu_us})


def _decisions(bench: Bench) -> Iterator[Row]:
    compiled, machine = decisions.speeds(bench.settings.definitions)
    yield Row("T3", "decisions by the compiled table", compiled / machine, "of a shared Machine", 10,
              detail={"table/s": compiled, "Machine/s": machine})


# --- T4, start, rest -------------------------------------------------------------------------------------------------


def _system(bench: Bench) -> Iterator[Row]:
    rate = 5_000 if bench.events >= 20_000 else 200
    with system.up(embedded(bench.fresh(), bench.settings), bench.fresh()) as running:
        yield Row("start", "`triptych up`, until ready", running.ready_seconds, "s", 5, most=True)
        yield Row("memory", "largest process at rest", system.largest_mb(running), "MB", 100, most=True)
        yield Row("idle", "whole system at rest", 100 * system.idle_cpu(running), "% of a core", 2, most=True)
        yield from _latency(running, rate, "embedded", (50, 100))
    with bench.broker() as bootstrap:
        chosen = embedded(bench.fresh(), bench.settings).model_copy(update={"kafka": bootstrap})
        with system.up(chosen, bench.fresh()) as running:
            yield from _latency(running, rate, "Kafka", (100, 200))


def _latency(running: system.Running, rate: int, where: str, goals: Sequence[float]) -> Iterator[Row]:
    """At the requested rate; if the machine cannot keep up, also at a rate with which it can."""
    remaining_goals: Sequence[float | None] = goals
    while True:
        result = asyncio.run(system.latency(running, rate, 10.0 if rate > 1_000 else 4.0))
        detail: dict[str, Any] = {}
        if not result.kept_up:
            detail["not kept up with"] = f"{result.rate:,.0f} events/s were counted"
        latencies = (result.payments_ms, result.deals_ms)
        figures = zip(("payment", "transition"), latencies, remaining_goals, strict=True)
        for what, ms, goal in figures:
            work = f"{what} to board, {rate:,} events/s, {where}"
            yield Row("T4", work, ms, "ms p99", goal, most=True, detail=detail)
        if result.kept_up or rate <= MIN_RATE:
            return
        remaining_goals = (None, None)
        rate = max(MIN_RATE, int(min(0.8 * result.rate, 0.7 * rate)) // 100 * 100)


# --- T5, every service -----------------------------------------------------------------------------------------------


def _growth(bench: Bench) -> Iterator[Row]:
    events = min(4_000, bench.events)
    for name, how in (("history", growth.history), ("deals", growth.deals), ("measures", growth.measures),
                      ("measures, none counting the same", growth.measures_apart)):
        ratio = how(bench.fresh(), bench.settings, events)
        yield Row("T5", f"CPU per event at ten times the {name}", ratio, "times", 1.5, most=True)


def _services(bench: Bench) -> Iterator[Row]:
    for make in each_service(min(bench.events, max(4_000, bench.events // 20))):
        work: Workload = make()
        own = measured(bench.embedded(), work)
        yield Row("each", f"{work.title}, embedded", own.events, "events/s", detail=_detail(own))


SECTIONS: dict[str, Section] = {
    "decisions": _decisions, "services": _services, "growth": _growth, "system": _system, "minutes": _minutes,
    "pipeline": _pipeline, "backlog": _memory, "naive": _naive,
}
