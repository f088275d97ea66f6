"""What the journeys share: one system into which the public data has been imported, started once for all of them."""
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.adapters.real import kafka, mongo  # noqa: F401  (fixtures)
from tests.journeys.system import DATA, System

MAPPINGS = ("crm_opportunities", "orders_rfm", "superstore")


@dataclass(frozen=True)
class Imported:
    """The system, and how it stood just after the imports: later tests add to it in years of their own."""

    system: System
    said: dict[str, "subprocess.CompletedProcess[str]"]
    events: Counter[str]
    dead_letters: list[Any]


@pytest.fixture(scope="session")
def data() -> None:
    for name in MAPPINGS:
        if not (DATA / name).is_dir():
            pytest.skip(f"not proven here: the public data does not lie at {DATA / name}")


@pytest.fixture(scope="session")
def imported(data: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    with System(tmp_path_factory.mktemp("imported")) as system:
        said = {name: system.import_(name, DATA / name) for name in MAPPINGS}
        for done in said.values():
            assert done.returncode == 0, done.stdout + done.stderr
        system.settle()
        yield Imported(system, said, system.types(), system.get("/v1/dead-letters", limit=500)["items"])
