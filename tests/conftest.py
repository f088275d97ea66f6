"""For every test: no deadline for hypothesis (the machine is shared), a loud word about what is not proven, and who may
run beside whom."""
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.real_summary",)

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


HERE = Path(__file__).parent
ALONE = ("faults", "benchmarks", "adapters/test_kafka_stuck.py", "journeys/test_at_rest.py")  # they look at the clock
TOGETHER = ("console", "adapters")  # they share what takes long to start: a company with a past, a broker


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`alone`: not beside other tests. The others may run in several processes, a file (or a directory) in one."""
    for item in items:
        place = item.path.relative_to(HERE).as_posix()
        if place.startswith(ALONE):
            item.add_marker("alone")
        item.add_marker(pytest.mark.xdist_group(next((d for d in TOGETHER if place.startswith(d)), place)))
