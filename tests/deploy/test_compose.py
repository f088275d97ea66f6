"""What stands under deploy/ is well-formed and says what the adapters need."""
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
def test_the_compose_file_meets_the_specification_of_compose() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_images_are_pinned_and_nothing_listens_beyond_loopback(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values() if "image" in service]
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    for image in [*images, *bases]:
        assert re.search(r":\d+\.\d+\.\d+", image), f"{image} is not pinned"
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_broker_of_compose_is_the_one_that_the_tests_run(services: dict[str, Any]) -> None:
    pinned = re.search(r"<kafka.version>(.*)</kafka.version>", (DEPLOY / "kafka" / "pom.xml").read_text())
    assert pinned
    assert services["kafka"]["image"] == f"apache/kafka:{pinned[1]}"
    kafka = services["kafka"]["environment"]
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE"] == "LogAppendTime"


def test_the_settings_of_the_services_are_settings(services: dict[str, Any]) -> None:
    known = {f"TRIPTYCH_{name.upper()}" for name in Settings.model_fields}
    assert set(services["triptych"]["environment"]) <= known
    assert all(needed["condition"] == "service_healthy" for needed in services["triptych"]["depends_on"].values())
    assert all("healthcheck" in services[needed] for needed in services["triptych"]["depends_on"])


def test_the_image_runs_as_nobody_in_particular_and_asks_the_public_door_for_its_health() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d*$", dockerfile, re.MULTILINE)
    assert f"127.0.0.1:{management_port(Settings(first_port=FIRST_PORT), 'gateway')}/readyz" in dockerfile
    for copied in re.findall(r"^COPY (?!--)(.*) \S+$", dockerfile, re.MULTILINE):
        assert all((DEPLOY.parent / path).exists() for path in copied.split()), copied
