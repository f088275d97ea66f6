"""The benchmarks themselves: that they run, and that they refuse to tell a speed of what is wrong. Nothing is timed."""
import asyncio
import json
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from chassis.support.settings import Settings
from dev.benchmark import minutes, system
from dev.benchmark.command import run_bench
from dev.benchmark.processes import check, child, embedded, fill, measured, run_service
from dev.benchmark.rows import BEGIN, END
from dev.benchmark.workloads import InexactResult, Workload, kpi, pipeline

pytestmark = pytest.mark.slow

EVENTS = 200


@pytest.mark.parametrize("make", [lambda n: pipeline(n, 10), kpi], ids=["pipeline", "kpi"])
async def test_a_speed_is_not_told_when_one_event_is_missing(make: object, tmp_path: Path) -> None:
    whole: Workload = make(EVENTS)  # type: ignore[operator]
    less = Workload(whole.title, whole.service, whole.messages[:-1], whole.processed - 1, whole.check)
    settings = embedded(tmp_path, Settings())
    await fill(settings, less)
    run_service(settings, less)
    with pytest.raises(InexactResult):
        await check(settings, less)


def test_every_work_is_taken_whole_and_stands_in_the_table(tmp_path: Path) -> None:
    report = tmp_path / "speed.md"
    assert run_bench(events=EVENTS, kafka=False, report=report, console=Console(quiet=True), only="services") == 0
    told = json.loads((tmp_path / "speed.json").read_text())
    assert [row["work"].split(",")[0] for row in told] == [
        "pipeline", "pipeline", "lead_scoring", "segmentation", "surveys", "kpi"]
    assert all(row["work"] in report.read_text() for row in told)


@pytest.mark.parametrize("kind", ["signals", "facts"])
def test_cells_by_the_minute_are_those_of_the_events_late_ones_included(kind: str) -> None:
    found = child("dev.benchmark.minutes", kind, str(EVENTS), "memory")
    events = minutes.generate_events(kind, EVENTS, datetime.fromisoformat(found["end"]))
    assert found["cells"] == minutes.expected(events, kind)
    assert [at for at, _ in events] != sorted(at for at, _ in events)


def test_nothing_is_lost_or_counted_twice_when_a_process_is_killed_in_the_middle(tmp_path: Path) -> None:
    settings = embedded(tmp_path, Settings())
    measured(settings, pipeline(2_000, 100), kill=True)
    with pytest.raises(InexactResult):  # the check that has just passed can fail
        asyncio.run(check(settings, pipeline(1_999, 100)))


def test_what_two_processes_share_is_taken_once(tmp_path: Path) -> None:
    settings = embedded(tmp_path, Settings())
    measured(settings, pipeline(2_000, 100), processes=2)
    with pytest.raises(InexactResult):
        asyncio.run(check(settings, pipeline(1_999, 100)))


def test_how_soon_figures_are_seen_is_told_only_when_they_come_to_what_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system, "WARMUP_SECONDS", 0.1)
    with system.up(embedded(tmp_path / "data", Settings()), tmp_path / "up") as running:
        found = asyncio.run(system.latency(running, 100, 0.4))
        assert found.payments_ms > 0 and found.deals_ms > 0
        monkeypatch.setattr(system, "PATIENCE", 0.5)
        monkeypatch.setattr(system.Load, "amount", property(lambda _: 0, lambda *_: None), raising=False)
        with pytest.raises(InexactResult, match="payments, their sum, deals"):
            asyncio.run(system.latency(running, 100, 0.4))


def test_the_table_decides_as_the_machine_and_a_page_keeps_its_own_words(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    run_bench(events=EVENTS, kafka=False, report=page, console=Console(quiet=True), only="decisions")
    told = page.read_text()
    assert told.startswith(f"before\n{BEGIN}\n") and told.endswith(f"{END}\nafter\n") and "old" not in told
