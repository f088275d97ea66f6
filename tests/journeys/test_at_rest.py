"""An empty system as it comes up, left alone; and everything that the published language lets an enterprise say."""
import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import contracts.crm  # noqa: F401  (enters what enterprises say in the register)
from contracts.kinds import BY_NAME
from contracts.topics import ENTERPRISE, TOPICS
from tests.journeys.system import SERVICES, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

READY_WITHIN = 30.0  # seconds, on a machine that does other things too
CORE_AT_REST = 0.10  # of one core, the whole system
MEMORY_AT_REST = 150 * 2**20  # of each process
LOOKED_FOR = 5.0
SAMPLES = Path(__file__).parents[2] / "contracts" / "published" / "samples"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, float]]:
    """The system, and after how many seconds it was ready."""
    system = System(tmp_path_factory.mktemp("empty"))
    seconds = system.start()
    yield system, seconds
    system.__exit__(None, None, None)


def processes(system: System) -> list[psutil.Process]:
    assert system.process is not None
    root = psutil.Process(system.process.pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(found: list[psutil.Process]) -> float:
    return sum(p.cpu_times().user + p.cpu_times().system for p in found)


def test_it_is_soon_ready(empty: tuple[System, float]) -> None:
    system, seconds = empty
    assert seconds < READY_WITHIN
    assert len(processes(system)) == len(SERVICES) + 1  # one a service, and who watches over them


def test_left_alone_it_needs_hardly_anything(empty: tuple[System, float]) -> None:
    found = processes(empty[0])
    time.sleep(2)  # what comes with the start is over
    before, began = cpu_seconds(found), time.monotonic()
    time.sleep(LOOKED_FOR)
    used = (cpu_seconds(found) - before) / (time.monotonic() - began)
    assert used < CORE_AT_REST, f"{used:.1%} of a core"
    for process in found:
        assert process.memory_info().rss < MEMORY_AT_REST, process.memory_info()


def test_whatever_an_enterprise_may_say_is_taken_at_the_door(empty: tuple[System, float]) -> None:
    system, _ = empty
    may = {name for name, type in BY_NAME.items() if TOPICS[type.topic].owner == ENTERPRISE}
    told = [{**json.loads((SAMPLES / f"{name}.json").read_text()), "id": name} for name in sorted(may)]
    assert len(told) > 30
    system.publish(told)
    assert set(system.types()) >= may


def test_it_ends_well_when_it_is_asked_to(empty: tuple[System, float]) -> None:
    assert empty[0].stop() == 0
