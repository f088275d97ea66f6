"""Compose file and Dockerfile: valid, pinned, on loopback, with known settings."""
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.service.addresses import management_port
from chassis.support.settings import FIRST_PORT, Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services: dict[str, Any] = loaded["services"]
    return services


@pytest.mark.slow
def test_the_compose_file_is_valid_by_the_compose_specification() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    completed = subprocess.run([*checker, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_images_are_pinned_and_nothing_listens_beyond_loopback(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values() if "image" in service]
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    for image in [*images, *bases]:
        assert re.search(r":\d+\.\d+\.\d+", image), f"{image} is not pinned"
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_compose_and_tests_use_the_same_broker_version(services: dict[str, Any]) -> None:
    pinned = re.search(r"<kafka.version>(.*)</kafka.version>", (DEPLOY / "kafka" / "pom.xml").read_text())
    assert pinned
    assert services["kafka"]["image"] == f"apache/kafka:{pinned[1]}"
    kafka = services["kafka"]["environment"]
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE"] == "LogAppendTime"


def test_the_environment_of_the_services_has_known_settings_only(services: dict[str, Any]) -> None:
    known = {f"TRIPTYCH_{name.upper()}" for name in Settings.model_fields}
    assert set(services["triptych"]["environment"]) <= known
    assert all(needed["condition"] == "service_healthy" for needed in services["triptych"]["depends_on"].values())
    assert all("healthcheck" in services[needed] for needed in services["triptych"]["depends_on"])


def test_the_image_runs_without_root_and_checks_the_health_of_the_gateway() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d*$", dockerfile, re.MULTILINE)
    assert f"127.0.0.1:{management_port(Settings(first_port=FIRST_PORT), 'gateway')}/readyz" in dockerfile
    for copied in re.findall(r"^COPY (?!--)(.*) \S+$", dockerfile, re.MULTILINE):
        assert all((DEPLOY.parent / path).exists() for path in copied.split()), copied
