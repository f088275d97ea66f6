"""The benchmarks themselves: that they run, and that they refuse to tell a speed of what is wrong. Nothing is timed."""
from pathlib import Path

import pytest
from rich.console import Console

from chassis.settings import Settings
from tools.bench.command import run_bench
from tools.bench.running import check, embedded, fill, take
from tools.bench.works import Work, Wrong, kpi, pipeline

pytestmark = pytest.mark.slow

EVENTS = 200


@pytest.mark.parametrize("make", [lambda n: pipeline(n, 10), kpi], ids=["pipeline", "kpi"])
async def test_a_speed_is_not_told_when_one_event_is_missing(make: object, tmp_path: Path) -> None:
    whole: Work = make(EVENTS)  # type: ignore[operator]
    less = Work(whole.title, whole.service, whole.messages[:-1], whole.taken - 1, whole.check)
    settings = embedded(tmp_path, Settings())
    await fill(settings, less)
    take(settings, less)
    with pytest.raises(Wrong):
        await check(settings, less)


def test_every_work_is_taken_whole_and_stands_in_the_table(tmp_path: Path) -> None:
    report = tmp_path / "speed.md"
    assert run_bench(events=EVENTS, kafka=False, report=report, console=Console(quiet=True)) == 0
    rows = [line.split(" |")[0] for line in report.read_text().splitlines() if line.startswith("| ")]
    assert rows[1:] == ["| pipeline, 1,000 deals", "| pipeline, 100 deals", "| lead_scoring", "| segmentation",
                        "| surveys", "| kpi, payments"]
