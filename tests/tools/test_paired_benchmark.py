"""Paired benchmark runs: ratios within a pair, medians over the pairs, and runs that are not comparable."""
import json
from pathlib import Path

import pytest
from rich.console import Console

from dev.benchmark import paired
from dev.benchmark.paired import CPU, RATE, Measured, NotComparable, by_work, compare, measure, run_paired


def run(cpu: float, rate: float = 100.0, work: str = "kpi") -> Measured:
    return {work: {CPU: cpu, RATE: rate}}


def test_a_ratio_is_taken_within_each_pair_and_the_median_of_the_pairs_decides() -> None:
    here, there = [run(10.0), run(30.0), run(11.0)], [run(10.0), run(10.0), run(10.0)]
    [found] = compare(here, there)
    assert (found.cpu, found.cpu_of_pairs, found.slower) == (1.1, [1.0, 3.0, 1.1], True)
    [found] = compare([run(10.2)], [run(10.0)])
    assert not found.slower, "two per cent are within the tolerance"


def test_only_workloads_of_both_checkouts_are_compared() -> None:
    with pytest.raises(NotComparable, match="in common"):
        compare([run(1.0, work="new")], [run(1.0, work="old")])


def test_rows_without_cpu_time_are_left_out() -> None:
    rows = [{"work": "start", "detail": {}}, {"work": "kpi", "detail": {CPU: 40.0, RATE: 20_000.0, "peak MB": 1.0}}]
    assert by_work(rows) == {"kpi": {CPU: 40.0, RATE: 20_000.0}}


def test_a_directory_that_is_not_a_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotComparable, match="root of a checkout"):
        measure(tmp_path, 100, "services")


def test_pairs_run_in_alternating_order_and_the_exit_status_names_a_slower_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []

    def measured(checkout: Path, events: int, only: str) -> Measured:
        order.append(checkout.name)
        return run(20.0 if checkout == tmp_path else 10.0)

    monkeypatch.setattr(paired, "measure", measured)
    monkeypatch.setattr(paired, "HERE", tmp_path)
    other = tmp_path / "other"
    arguments = {"pairs": 2, "events": 1, "only": "services", "console": Console(quiet=True)}
    assert run_paired(against=other, **arguments) == 1
    assert order == ["other", tmp_path.name, tmp_path.name, "other"]
    monkeypatch.setattr(paired, "HERE", other)
    assert run_paired(against=tmp_path, **arguments) == 0


def test_the_benchmark_of_a_checkout_runs_with_its_own_code(tmp_path: Path) -> None:
    package = tmp_path / "dev" / "benchmark"
    package.mkdir(parents=True)
    rows = [{"work": "kpi", "detail": {CPU: 1.5, RATE: 7.0}}]
    (package / "__main__.py").write_text(
        "import pathlib, sys\n"
        "report = pathlib.Path(sys.argv[sys.argv.index('--report') + 1]).with_suffix('.json')\n"
        f"report.write_text({json.dumps(json.dumps(rows))})\n")
    assert measure(tmp_path, 100, "services") == {"kpi": {CPU: 1.5, RATE: 7.0}}
