"""`python -m dev.benchmark`: measures throughput and latency beside raw aiokafka and comparable engines."""
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dev.benchmark.command import run_bench


def main(
    events: Annotated[int, typer.Option(help="Events of the largest workloads; the others use a part of it")] = 200_000,
    kafka: Annotated[bool, typer.Option(help="Also on a real Kafka broker, beside raw aiokafka")] = True,
    report: Annotated[Path | None, typer.Option(help="Write the table into this page, and JSON beside it")] = None,
    only: Annotated[str, typer.Option(help="decisions, services, growth, system, minutes, pipeline or naive")] = "",
) -> None:
    """Every result is checked for correctness before its speed is reported."""
    raise typer.Exit(run_bench(events=events, kafka=kafka, report=report, console=Console(), only=only))


if __name__ == "__main__":
    typer.run(main)
