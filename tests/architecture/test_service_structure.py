"""Every service has the same modules, pure modules stay pure, and no service imports another. A new service too."""
import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.kinds import EVENTS

ROOT = Path(__file__).parents[2]
MODULES = {
    "commands", "state", "definitions", "decider", "models", "projections", "handlers", "queries", "api", "service"}
PURE = ("commands", "state", "decider", "projections", "definitions")
PURE_IMPORTS = {
    "__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum", "functools", "hashlib",
    "heapq", "itertools", "json", "math", "msgspec", "operator", "re", "statistics", "types", "typing", "uuid",
    "zoneinfo", "chassis", "contracts", "services"}
DEFINITION_IMPORTS = {"pydantic", "transitions", "logging", "pkgutil", "importlib"}
PURE_CHASSIS = ("chassis.domain", "chassis.messages.codec", "chassis.ports")
ADAPTERS = tuple(f"chassis.adapters.{name}" for name in ("memory", "sqlite", "kafka", "mongo"))
SERVICES = sorted(p for p in (ROOT / "services").iterdir() if p.is_dir() and (p / "service.py").exists())
DOMAIN = [s for s in SERVICES if s.name != "gateway"]


def files_of(module: Path) -> list[Path]:
    """A module is a file, or a package of the same name once it has grown."""
    return [module.with_suffix(".py")] if module.with_suffix(".py").exists() else sorted(module.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            yield node.module or ""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def within(name: str, packages: tuple[str, ...]) -> bool:
    return name in packages or name.startswith(tuple(f"{package}." for package in packages))


PURE_FILES = [f for s in DOMAIN for module in PURE for f in files_of(s / module)]


def test_the_five_services_and_the_gateway_are_found() -> None:
    found = {s.name for s in (ROOT / "services").iterdir() if s.is_dir() and not s.name.startswith("_")}
    assert found >= {"lead_scoring", "pipeline", "segmentation", "surveys", "kpi", "gateway"}


@pytest.mark.parametrize("service", DOMAIN, ids=lambda p: p.name)
def test_a_service_has_only_the_modules_of_the_architecture(service: Path) -> None:
    modules = {f.stem for f in service.iterdir() if f.name not in {"__init__.py", "__pycache__", "README.md"}}
    assert modules <= MODULES


@pytest.mark.parametrize("service", DOMAIN, ids=lambda p: p.name)
def test_no_module_of_a_service_is_empty(service: Path) -> None:
    empty = [
        named(f) for f in service.rglob("*.py")
        if f.name != "__init__.py" and all(
            isinstance(n, ast.Expr | ast.Import | ast.ImportFrom) for n in ast.parse(f.read_text()).body)]
    assert not empty


@pytest.mark.parametrize("service", SERVICES, ids=lambda p: p.name)
def test_no_service_imports_another(service: Path) -> None:
    others = tuple(f"services.{s.name}" for s in SERVICES if s != service)
    assert not [n for f in service.rglob("*.py") for n in imported(f) if within(n, others)]


@pytest.mark.parametrize("path", PURE_FILES, ids=named)
def test_a_pure_module_does_no_io_and_reads_no_clock(path: Path) -> None:
    allowed = PURE_IMPORTS | (DEFINITION_IMPORTS if {"definitions", "projections"} & set(path.parts) else set())
    tree = ast.parse(path.read_text())
    names = list(imported(path))
    assert {n.split(".")[0] for n in names} <= allowed
    assert not [n for n in names if n.startswith("chassis") and not within(n, PURE_CHASSIS)]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.Await)]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in {"now", "utcnow", "today"}]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") in {"open", "print"}]


@pytest.mark.parametrize("service", DOMAIN, ids=lambda p: p.name)
def test_a_service_publishes_its_own_events_and_its_readme_names_them(service: Path) -> None:
    value = importlib.import_module(f"services.{service.name}.service").SERVICE
    readme = (service / "README.md").read_text()
    assert value.name == service.name
    for cls in value.publishes:
        assert cls.__module__ == f"contracts.{service.name}"
    for cls in (*value.publishes, *value.consumes):
        assert EVENTS[cls].name in readme, f"{EVENTS[cls].name} is missing in services/{service.name}/README.md"


def test_only_the_host_chooses_adapters() -> None:
    host = ROOT / "chassis" / "runtime" / "host"
    files = [f for top in ("chassis", "services") for f in (ROOT / top).rglob("*.py")]
    guilty = {
        named(f) for f in files
        if not f.is_relative_to(ROOT / "chassis" / "adapters") and not str(f).startswith(str(host))
        for n in imported(f) if within(n, ADAPTERS)}
    assert not guilty


def test_every_event_type_is_on_a_topic_of_its_owner() -> None:
    from contracts.topics import ENTERPRISE, TOPICS

    for cls, entry in EVENTS.items():
        owner = cls.__module__.removeprefix("contracts.")
        assert TOPICS[entry.topic].owner == (ENTERPRISE if owner == "crm" else owner)
