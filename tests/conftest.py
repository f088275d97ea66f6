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


def pytest_itemcollected(item: pytest.Item) -> None:
    """`alone`: not beside other tests, which may run in several processes, those of one file in one."""
    if item.path.relative_to(HERE).as_posix().startswith(ALONE):
        item.add_marker("alone")
