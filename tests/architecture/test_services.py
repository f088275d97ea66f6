"""A service describes itself: nothing outside its package lists services, so a new package is found everywhere."""
import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.service.access_rules import PUBLIC, SIGNED_IN
from chassis.service.addresses import api_port, base_url, management_port, worker_port
from chassis.service.discovery import UnknownService, find_service, find_services, internal_names, service_names
from chassis.support.settings import FIRST_PORT, Settings
from services.gateway.permissions import permission_texts

ROOT = Path(__file__).parents[2]

NEW_SERVICE = '''
from chassis.service.access_rules import allow, grant
from chassis.service.description import Service, ServiceComponents
from contracts.crm import LeadCaptured

SERVICE = Service(
    name="contracts_of_customers", title={"en": "Contracts", "zh": "合同"}, port_offset=40, purpose="Keeps contracts.",
    build=lambda definitions: ServiceComponents(), publishes=(), consumes=(LeadCaptured,),
    permissions=(grant("contracts:read", "Contracts", "rep"),),
    routes=(allow("GET", "/v1/contracts{*}", "contracts:read"),),
)
'''
FIND_IT = '''
import sys
import services
services.__path__.append(sys.argv[1])

import typer.testing
from chassis.runtime.host import consumer_groups_by_topic
from chassis.service import addresses, discovery
from chassis.support.settings import Settings
from services.gateway import permissions, routes
from tools import event_map
from tools.cli import app

name, settings = "contracts_of_customers", Settings()
assert name in discovery.service_names() and name in discovery.internal_names()
assert addresses.api_port(settings, name) == settings.first_port + 40
assert addresses.management_port(settings, name) == settings.first_port + 1040
assert addresses.worker_port(settings, 1) == settings.first_port + 1041
assert addresses.base_url(settings, name) == "http://contracts.test:99"
assert routes.owner_of("/v1/contracts/1") == name
assert routes.rule_for("GET", "/v1/contracts/1").permission == "contracts:read"
assert permissions.permission_texts()["contracts:read"] == "Contracts"
assert [r for r, granted in permissions.granted_by_role().items() if "contracts:read" in granted] == ["rep", "admin"]
assert f"triptych.{name}" in consumer_groups_by_topic()["crm.leads.v1"]
assert name in event_map.render()
assert name in typer.testing.CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
'''


def test_a_new_package_is_found_in_ports_routes_permissions_command_line_and_event_map(tmp_path: Path) -> None:
    package = tmp_path / "contracts_of_customers"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "service.py").write_text(NEW_SERVICE)
    done = subprocess.run(
        [sys.executable, "-c", FIND_IT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TRIPTYCH_CONTRACTS_OF_CUSTOMERS_URL": "http://contracts.test:99"})
    assert done.returncode == 0, done.stderr


def test_the_chassis_names_no_service() -> None:
    names = set(service_names())
    for path in sorted((ROOT / "chassis").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            text = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else text
            assert text not in names, f"{path}:{node.lineno} names {text}"
            assert not re.search(rf"\bservices[./]({'|'.join(names)})\b", text), f"{path}:{node.lineno}: {text}"


def test_every_service_describes_itself_completely() -> None:
    permissions, prefixes = [p.name for s in find_services() for p in s.permissions], set[str]()
    assert len(permissions) == len(set(permissions)) == len(permission_texts())
    for service in find_services():
        assert service.name in service_names() and service.purpose.endswith(".")
        assert set(service.title) == {"en", "zh"}
        assert service.routes and (service.name in internal_names()) == (service.public is None)
        for rule in service.routes:
            assert rule.permission in {*permission_texts(), PUBLIC, SIGNED_IN}
        own = {(method, rule.path) for rule in service.routes for method in rule.methods}
        assert not own & prefixes, "two services own the same path"
        prefixes |= own


def test_released_ports_never_change() -> None:
    settings = Settings(first_port=FIRST_PORT)
    released = {"lead_scoring": 8081, "pipeline": 8082, "segmentation": 8083, "surveys": 8084, "kpi": 8085}
    ports = {service: api_port(settings, service) for service in internal_names()}
    assert ports.items() >= released.items() and management_port(settings, "gateway") == 9086
    assert all(management_port(settings, service) == port + 1000 for service, port in ports.items())
    assert find_service("gateway").port_offset == 5
    assert worker_port(settings, 1) == max(management_port(settings, s.name) for s in find_services()) + 1


def test_a_url_in_the_environment_replaces_the_port_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_KPI_URL", "http://kpi.test:1")
    settings = Settings(first_port=100)
    assert base_url(settings, "kpi") == "http://kpi.test:1"
    assert base_url(settings, "pipeline") == "http://127.0.0.1:101"


def test_an_unknown_service_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UnknownService, match=r"'notary' does not exist; services are gateway, .*kpi"):
        find_service("notary")
    with pytest.raises(UnknownService):
        find_service("..")


def test_importing_settings_and_names_imports_no_service() -> None:
    program = ("import sys, chassis.support.settings, chassis.service.discovery as d; d.service_names(); "
               "loaded = [m for m in sys.modules if m.startswith('services.') and m.count('.') > 1]; "
               "assert not loaded, loaded; assert 'fastapi' not in sys.modules")
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
