"""Compares this checkout with another one: both run the same section in turn, pair after pair, on the same machine.

A ratio within a pair is little affected by what else the machine does; CPU time per event less than throughput.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chassis.support.errors import ActionableError

HERE = Path(__file__).parents[2]
TOLERANCE = 0.03
MODULES = {"dev/benchmark": ("dev.benchmark",), "tools/bench": ("tools.cli", "bench")}
"""How a checkout runs its benchmark: the second is that of versions in which the command line had it."""

CPU, RATE = "CPU µs", "events/s"
Measured = dict[str, dict[str, float]]
"""{workload: {"CPU µs" of one event, "events/s"}}."""


class NotComparable(ActionableError):
    """The other directory has no benchmark, or the two have no workload in common."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians over the pairs; `cpu` and `rate` are this checkout's value divided by the other's."""

    work: str
    cpu: float
    rate: float
    cpu_of_pairs: Sequence[float]

    @property
    def slower(self) -> bool:
        return self.cpu > 1 + TOLERANCE


def run_paired(*, against: Path, pairs: int, events: int, only: str, console: Console) -> int:
    """Exit status: 1 when a workload needs more CPU per event than `TOLERANCE` allows, else 0."""
    here, there = list[Measured](), list[Measured]()
    for number in range(pairs):
        console.print(f"pair {number + 1} of {pairs} …")
        for checkout, results in ((HERE, here), (against, there))[:: 1 if number % 2 else -1]:
            results.append(measure(checkout.resolve(), events, only))
    compared = compare(here, there)
    console.print(table(compared, against))
    return int(any(comparison.slower for comparison in compared))


def measure(checkout: Path, events: int, only: str) -> Measured:
    """One run of the section in that checkout, with this interpreter and that checkout's code."""
    module = next((words for path, words in MODULES.items() if (checkout / path).is_dir()), None)
    if module is None:
        raise NotComparable(f"{checkout} has neither dev/benchmark nor tools/bench", "name the root of a checkout")
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as directory:
        report = Path(directory, "speed.md")
        subprocess.run(
            [sys.executable, "-m", *module, "--events", str(events), "--no-kafka", "--only", only, "--report", report],
            cwd=checkout, env=os.environ | {"PYTHONPATH": str(checkout)}, stdout=subprocess.DEVNULL, check=True)
        return by_work(json.loads(report.with_suffix(".json").read_text("utf-8")))


def by_work(rows: Sequence[dict[str, Any]]) -> Measured:
    return {row["work"]: {name: row["detail"][name] for name in (CPU, RATE)} for row in rows
            if CPU in row["detail"] and RATE in row["detail"]}


def compare(here: Sequence[Measured], there: Sequence[Measured]) -> list[Comparison]:
    """Raises NotComparable unless some workload was measured in every run of both."""
    works = [work for work in here[0] if all(work in measured for measured in (*here, *there))]
    if not works:
        raise NotComparable("the two checkouts have no workload in common", "try --only services")
    comparisons = []
    for work in works:
        cpu, rate = ([mine[work][what] / others[work][what] for mine, others in zip(here, there, strict=True)]
                     for what in (CPU, RATE))
        comparisons.append(Comparison(work, statistics.median(cpu), statistics.median(rate), cpu))
    return comparisons


def table(compared: Sequence[Comparison], against: Path) -> Table:
    result = Table("work", "CPU per event", "lowest to highest", "events/s", "", title=f"this checkout / {against}")
    for each in compared:
        result.add_row(each.work, f"{each.cpu:.3f}", f"{min(each.cpu_of_pairs):.3f} – {max(each.cpu_of_pairs):.3f}",
                     f"{each.rate:.3f}", "slower" if each.slower else f"within {TOLERANCE:.0%}, or faster")
    return result
