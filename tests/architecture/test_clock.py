"""Only the clock of `chassis.support.clock` is read, so that one setting moves services, tools and tests to any day."""
import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {"datetime", "date", "time", "dt"}
CALLS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
ALLOWED = {
    "chassis/support/clock.py": "is the clock",
    "chassis/http/access/sealed_identity.py": "a seal is valid between machines whose business clocks may be wrong",
    "chassis/adapters/sqlite/wakeups.py": "compares with the file system's times",
}


def clock_reads(source: str) -> Iterator[str]:
    """Calls of the machine's wall clock, and names that import one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
            if owner in MODULES and (owner, node.attr) != ("datetime", "time"):
                yield f"line {node.lineno}: {owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"line {node.lineno}: time.{a.name}" for a in node.names if a.name in CALLS)


def test_no_other_clock_is_read() -> None:
    tops = ("contracts", "chassis", "services", "tools", "dev", "tests")
    paths = [p for top in tops for p in (ROOT / top).rglob("*.py")]
    found = {p.relative_to(ROOT).as_posix(): list(clock_reads(p.read_text())) for p in paths}
    assert {path: reads for path, reads in found.items() if reads and path not in ALLOWED} == {}
    assert [path for path in ALLOWED if not found[path]] == [], "allowed without need"


@pytest.mark.parametrize("source", [
    "datetime.now(UTC)", "datetime.datetime.now()", "date.today()", "time.time()", "clock = time.time_ns",
    "from time import time",
])
def test_each_way_to_read_a_clock_is_found(source: str) -> None:
    assert list(clock_reads(source))


@pytest.mark.parametrize("source", ["clock.utc_now()", "time.monotonic()", "datetime.time(8)", "context.now()"])
def test_what_reads_no_wall_clock_is_allowed(source: str) -> None:
    assert not list(clock_reads(source))
