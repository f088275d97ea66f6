"""`python -m dev.benchmark`: measures throughput and latency beside raw aiokafka and comparable engines."""
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.support.errors import ActionableError
from dev.benchmark.command import SECTIONS, run_bench
from dev.benchmark.paired import run_paired


def main(
    events: Annotated[int, typer.Option(help="Events of the largest workloads; the others use a part of it")] = 200_000,
    kafka: Annotated[bool, typer.Option(help="Also on a real Kafka broker, beside raw aiokafka")] = True,
    report: Annotated[Path | None, typer.Option(help="Write the table into this page, and JSON beside it")] = None,
    only: Annotated[str, typer.Option(help=f"One section: {', '.join(SECTIONS)}")] = "",
    against: Annotated[Path | None, typer.Option(
        help="Compare with this checkout in paired runs instead; exit status 1 when this one is slower")] = None,
    pairs: Annotated[int, typer.Option(help="With --against: how many pairs of runs")] = 5,
) -> None:
    """Every result is checked for correctness before its speed is reported.

    \b
    python -m dev.benchmark --only services --no-kafka
    python -m dev.benchmark --against ../before --only services --pairs 7
    """
    console = Console()
    try:
        if against is not None:
            status = run_paired(
                against=against, pairs=pairs, events=events, only=only or "services", console=console)
        else:
            status = run_bench(events=events, kafka=kafka, report=report, console=console, only=only)
    except ActionableError as error:
        console.print(str(error), style="red", highlight=False)
        raise typer.Exit(1) from None
    raise typer.Exit(status)


if __name__ == "__main__":
    typer.run(main)
