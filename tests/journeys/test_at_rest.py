"""An empty system as it comes up and idles; every event type that an enterprise may publish. Its times are measured by
`python -m dev.benchmark --only system`."""
import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import contracts.crm  # noqa: F401  (enters what enterprises say in the register)
from contracts.kinds import BY_NAME
from contracts.topics import ENTERPRISE, TOPICS
from tests.journeys.system import SERVICES, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

MEMORY_AT_REST = 150 * 2**20  # of each process
SAMPLES = Path(__file__).parents[2] / "contracts" / "published" / "samples"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("empty")) as system:
        yield system


def processes(system: System) -> list[psutil.Process]:
    assert system.process is not None
    root = psutil.Process(system.process.pid)
    return [root, *root.children(recursive=True)]


def test_each_service_has_one_process_and_a_supervisor_watches_them(empty: System) -> None:
    assert len(processes(empty)) == len(SERVICES) + 1


def test_an_idle_process_needs_little_memory(empty: System) -> None:
    for process in processes(empty):
        assert process.memory_info().rss < MEMORY_AT_REST, process.memory_info()


def test_the_gateway_accepts_every_event_type_of_an_enterprise(empty: System) -> None:
    may = {name for name, type in BY_NAME.items() if TOPICS[type.topic].owner == ENTERPRISE}
    told = [{**json.loads((SAMPLES / f"{name}.json").read_text()), "id": name} for name in sorted(may)]
    assert len(told) > 30
    empty.publish(told)
    assert set(empty.types()) >= may


def test_it_drains_and_exits_with_status_0(empty: System) -> None:
    assert empty.stop() == 0
