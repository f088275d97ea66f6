"""`triptych bench`: all works one after the other, and a table."""
import logging
import shutil
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chassis.settings import Settings, settings
from tools.bench.running import Speed, embedded, measured, raw
from tools.bench.works import Work, each_service
from tools.broker import BrokerUnavailable, KafkaCluster

Row = tuple[str, Speed, Speed | None, Speed | None]


def run_bench(*, events: int, kafka: bool, report: Path | None, console: Console) -> int:
    """Exit status 0; raises Wrong when a result is not exact."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic's first moments are loud
    rows: list[Row] = []
    for make in each_service(events):
        work = make()
        console.print(f"{work.title} …")
        rows.append(_row(work, settings(), kafka, console))
    _show(rows, console)
    if report is not None:
        report.write_text(_markdown(rows, events), encoding="utf-8")
    return 0


def _row(work: Work, chosen: Settings, kafka: bool, console: Console) -> Row:
    directory = Path(tempfile.mkdtemp(prefix="triptych-bench-"))
    try:
        own = measured(embedded(directory / "embedded", chosen), work)
        if not kafka:
            return work.title, own, None, None
        try:
            with KafkaCluster(directory / "kafka") as cluster:
                beside = embedded(directory / "store", chosen).model_copy(update={"kafka": cluster.bootstrap})
                speed = measured(beside, work)
                return work.title, own, speed, raw(cluster.bootstrap, work)
        except BrokerUnavailable as error:
            console.print(f"[yellow]{error}[/]", highlight=False)
            return work.title, own, None, None
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _cells(row: Row) -> list[str]:
    title, own, kafka, raw_speed = row
    cells = [title, f"{own.events:,.0f}", f"{own.peak_mb:.0f}"]
    for speed in (kafka, raw_speed):
        cells.append("–" if speed is None else f"{speed.events:,.0f}")
    for speed in (own, kafka):
        cells.append("–" if speed is None or raw_speed is None else f"{speed.events / raw_speed.events:.3f}")
    return cells


_HEAD = ["work", "embedded, events/s", "peak MB", "Kafka, events/s", "raw aiokafka, events/s", "embedded : raw",
         "Kafka : raw"]


def _show(rows: list[Row], console: Console) -> None:
    table = Table(*_HEAD, title="Every result was exact")
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)


def _markdown(rows: list[Row], events: int) -> str:
    lines = [f"# Speed\n\n{events:,} events per run; every result was checked before its speed was written.\n",
             f"| {' | '.join(_HEAD)} |", "|---" * len(_HEAD) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(row))} |" for row in rows)]) + "\n"
