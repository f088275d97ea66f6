"""CPU seconds per event with ten times as much history, as many deals, or as many measures."""
import asyncio
import shutil
from pathlib import Path

import yaml

from chassis.support.settings import Settings
from dev.benchmark.processes import check, child, embedded, fill
from dev.benchmark.workloads import Workload, kpi, pipeline

TIMES = 10


def cost(settings: Settings, work: Workload, last: int) -> float:
    """CPU seconds per record over the last `last` records."""
    asyncio.run(fill(settings, work))
    result = child("dev.benchmark.service_process", work.service, str(work.processed), str(last), settings=settings)
    asyncio.run(check(settings, work))
    return float(result["cpu_seconds"]) / max(1.0, float(result["records"]))


def history(directory: Path, settings: Settings, events: int) -> float:
    """The same deals, each with ten times as many earlier events."""
    deals = max(1, events // 10)
    few, many = pipeline(events, deals), pipeline(events * TIMES, deals)
    return _ratio(directory, settings, few, many, events // 2)


def deals(directory: Path, settings: Settings, events: int) -> float:
    some = max(1, events // 2)
    return _ratio(directory, settings, pipeline(2 * some, some), pipeline(2 * some * TIMES, some * TIMES), some)


def measures(directory: Path, settings: Settings, events: int) -> float:
    """Ten copies of every shipped measure, those that count the events included."""
    return _measures(directory, settings, events)


def measures_apart(directory: Path, settings: Settings, events: int) -> float:
    """Like `measures`, but each copy that counts the events counts differently, so each has its own cells."""
    return _measures(directory, settings, events, "payments_received")


def _measures(directory: Path, settings: Settings, events: int, apart: str | None = None) -> float:
    definitions = ten_of_each(settings.definitions, directory / "definitions", apart)
    many = settings.model_copy(update={"definitions": definitions})
    before = cost(embedded(directory / "few", settings), kpi(events), events // 2)
    return cost(embedded(directory / "many", many), kpi(events), events // 2) / before


def _ratio(directory: Path, settings: Settings, few: Workload, many: Workload, last: int) -> float:
    before = cost(embedded(directory / "few", settings), few, last)
    return cost(embedded(directory / "many", settings), many, last) / before


def ten_of_each(definitions: Path, directory: Path, apart: str | None = None) -> Path:
    """`apart`: the measure whose copies each get a different criterion, which every event meets."""
    shutil.copytree(definitions, directory)
    for file in sorted((directory / "measures").glob("*.yaml")):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        for n in range(1, TIMES):
            copy = body | {"name": f"{body['name']}_{n}"}
            if body["name"] == apart:
                copy["when"] = f"amount > {n}"
            (directory / "measures" / f"{copy['name']}.yaml").write_text(
                yaml.safe_dump(copy, allow_unicode=True), encoding="utf-8")
    return directory
