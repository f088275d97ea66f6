"""Every service has the same rooms, the quiet rooms stay quiet, and no service knows another. A new one too."""
import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

from contracts.kinds import EVENTS

ROOT = Path(__file__).parents[2]
ROOMS = {"commands", "state", "definitions", "decider", "projections", "handlers", "queries", "api", "service"}
QUIET = ("commands", "state", "decider", "projections", "definitions")
PURE = {"__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum", "functools",
        "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "statistics", "types", "typing", "uuid",
        "zoneinfo", "chassis", "contracts", "services"}
MEANING = {"pydantic", "transitions", "msgspec", "logging"}  # definitions alone may use these
CHASSIS_FOR_QUIET = {
    "chassis.domain.criteria", "chassis.domain.decider", "chassis.domain.definitions", "chassis.domain.handlers",
    "chassis.domain.projection", "chassis.messages.codec", "chassis.ports"}
SERVICES = sorted(p for p in (ROOT / "services").iterdir() if p.is_dir() and (p / "service.py").exists())
DOMAIN = [s for s in SERVICES if s.name != "gateway"]


def files_of(room: Path) -> list[Path]:
    """A room is a file, or a package of the same name once it has outgrown one."""
    return [room.with_suffix(".py")] if room.with_suffix(".py").exists() else sorted(room.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imported(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.append(node.module or "")
    return tuple(names)


QUIET_FILES = [f for s in DOMAIN for room in QUIET for f in files_of(s / room)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_all_five_services_and_the_gateway_are_found() -> None:
    found = {s.name for s in (ROOT / "services").iterdir() if s.is_dir() and not s.name.startswith("_")}
    assert found >= {"lead_scoring", "pipeline", "segmentation", "surveys", "kpi", "gateway"}


@pytest.mark.parametrize("service", DOMAIN, ids=lambda p: p.name)
def test_a_service_never_invents_a_tenth_room(service: Path) -> None:
    rooms = {f.stem for f in service.iterdir() if f.name not in {"__init__.py", "__pycache__", "README.md"}}
    assert rooms <= ROOMS


@pytest.mark.parametrize("service", SERVICES, ids=lambda p: p.name)
def test_no_service_knows_another(service: Path) -> None:
    others = tuple(f"services.{s.name}" for s in SERVICES if s != service)
    assert not [n for f in service.rglob("*.py") for n in imported(f) if n.startswith(others)]


@pytest.mark.parametrize("path", QUIET_FILES, ids=named)
def test_quiet_rooms_do_no_io_and_read_no_clock(path: Path) -> None:
    allowed = PURE | (MEANING if "definitions" in named(path) else set())
    tree, names = parsed(path), imported(path)
    assert {n.split(".")[0] for n in names} <= allowed
    assert {n for n in names if n.startswith("chassis")} <= CHASSIS_FOR_QUIET
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.Await)]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in {"now", "utcnow", "today"}]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") in {"open", "print"}]


@pytest.mark.parametrize("service", DOMAIN, ids=lambda p: p.name)
def test_a_service_says_its_own_events_only_and_its_readme_tells_what_it_hears_and_says(service: Path) -> None:
    value = importlib.import_module(f"services.{service.name}.service").SERVICE
    readme = (service / "README.md").read_text()
    assert value.name == service.name
    for cls in value.publishes:
        assert cls.__module__ == f"contracts.{service.name}"
    for cls in (*value.publishes, *value.consumes):
        assert EVENTS[cls].name in readme, f"{EVENTS[cls].name} is missing in services/{service.name}/README.md"


def test_only_the_host_chooses_adapters() -> None:
    adapters = {f"chassis.adapters.{name}" for name in ("memory", "sqlite", "kafka", "mongo")}
    packages = [p for top in ("chassis", "services") for p in (ROOT / top).rglob("*.py")]
    allowed = {ROOT / "chassis" / "runtime" / "host.py"}
    guilty = {
        named(p) for p in packages
        if p not in allowed and not {f"chassis.adapters.{p.stem}", f"chassis.adapters.{p.parent.name}"} & adapters
        for n in imported(p) if n in adapters or n.startswith(tuple(a + "." for a in adapters))
    }
    assert not guilty


def test_every_event_type_has_a_topic_that_somebody_owns() -> None:
    from contracts.topics import ENTERPRISE, TOPICS

    for cls, entry in EVENTS.items():
        owner = cls.__module__.removeprefix("contracts.")
        assert TOPICS[entry.topic].owner == (ENTERPRISE if owner == "crm" else owner)
