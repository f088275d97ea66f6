"""What one event costs when there is ten times as much: of history, of deals, of measures. In seconds of CPU."""
import asyncio
import shutil
from pathlib import Path

import yaml

from chassis.support.settings import Settings
from dev.benchmark.processes import check, child, embedded, fill
from dev.benchmark.workloads import Workload, kpi, pipeline

TIMES = 10


def cost(settings: Settings, work: Workload, last: int) -> float:
    """Of each of the last so many records."""
    asyncio.run(fill(settings, work))
    found = child("dev.benchmark.service_process", work.service, str(work.taken), str(last), settings=settings)
    asyncio.run(check(settings, work))
    return float(found["cpu_seconds"]) / max(1.0, float(found["records"]))


def history(directory: Path, settings: Settings, events: int) -> float:
    """The same deals, each with ten times as many events behind it."""
    deals = max(1, events // 10)
    few, many = pipeline(events, deals), pipeline(events * TIMES, deals)
    return _ratio(directory, settings, few, many, events // 2)


def deals(directory: Path, settings: Settings, events: int) -> float:
    some = max(1, events // 2)
    return _ratio(directory, settings, pipeline(2 * some, some), pipeline(2 * some * TIMES, some * TIMES), some)


def measures(directory: Path, settings: Settings, events: int) -> float:
    """Ten of every measure that is shipped, those included that count the very events."""
    return _measures(directory, settings, events)


def measures_apart(directory: Path, settings: Settings, events: int) -> float:
    """The same, where none of those that count the events counts what another one does: each has cells of its own."""
    return _measures(directory, settings, events, "payments_received")


def _measures(directory: Path, settings: Settings, events: int, apart: str | None = None) -> float:
    definitions = ten_of_each(settings.definitions, directory / "definitions", apart)
    many = settings.model_copy(update={"definitions": definitions})
    before = cost(embedded(directory / "few", settings), kpi(events), events // 2)
    return cost(embedded(directory / "many", many), kpi(events), events // 2) / before


def _ratio(directory: Path, settings: Settings, few: Workload, many: Workload, last: int) -> float:
    before = cost(embedded(directory / "few", settings), few, last)
    return cost(embedded(directory / "many", settings), many, last) / before


def ten_of_each(definitions: Path, to: Path, apart: str | None = None) -> Path:
    """`apart`: the one whose copies each have a criterion of their own, which every event meets."""
    shutil.copytree(definitions, to)
    for file in sorted((to / "measures").glob("*.yaml")):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        for n in range(1, TIMES):
            copy = body | {"name": f"{body['name']}_{n}"}
            if body["name"] == apart:
                copy["when"] = f"amount > {n}"
            (to / "measures" / f"{copy['name']}.yaml").write_text(
                yaml.safe_dump(copy, allow_unicode=True), encoding="utf-8")
    return to
