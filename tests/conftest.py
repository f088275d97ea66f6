"""For every test: hypothesis without deadlines, a summary of what this machine could not prove, and which tests run
alone."""
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import chassis.support.clock  # noqa: F401  (moves the clock of this process and its children, as TRIPTYCH_CLOCK says)
from tests.support.effort import examples

pytest_plugins = ("tests.real_summary",)

settings.register_profile(
    "default", deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


HERE = Path(__file__).parent
ALONE = ("faults", "benchmarks", "adapters/test_kafka_stuck.py")  # they need every core to end within their deadlines


def pytest_itemcollected(item: pytest.Item) -> None:
    """`alone`: not beside other tests, which may run in several processes, those of one file in one."""
    if item.path.relative_to(HERE).as_posix().startswith(ALONE):
        item.add_marker("alone")
