"""The gateway in real processes: sockets, files, the command line, graceful shutdown."""
import json
import signal
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.journeys.system import DEADLINE, System

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def test_the_start_logs_a_warning_about_sign_in_without_a_password(system: System):
    system.until(lambda: "DEVELOPER" in system.log.read_text(), "the warning is in the log")


def test_the_port_of_a_service_accepts_requests_of_the_gateway_only(system: System):
    first = int(system.env["TRIPTYCH_FIRST_PORT"])
    for port in range(first, first + 5):
        response = httpx.get(f"http://127.0.0.1:{port}/v1/lag", trust_env=False)
        assert (response.status_code, response.json()["code"]) == (401, "not_from_the_gateway")
    for port in range(first + 1000, first + 1006):
        assert httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/v1/lag", trust_env=False).status_code == 404


def test_a_key_of_the_command_line_is_accepted_until_it_is_revoked(system: System):
    created = system.run("keys", "create", "erp", "--scope", "leads:read")
    key = created.stdout.strip()
    assert created.returncode == 0 and key.startswith("tk_"), created.stderr
    headers = {"authorization": f"Bearer {key}"}
    assert system.client.get("/v1/leads", headers=headers).status_code == 200
    assert system.client.get("/v1/opportunities", headers=headers).status_code == 403
    listed = system.run("keys", "list").stdout
    _, id, secret = key.split("_", 2)  # the secret may begin with the separator
    assert id in listed and secret not in listed
    assert system.run("keys", "revoke", id).returncode == 0
    assert system.client.get("/v1/leads", headers=headers).status_code == 401


def test_the_internal_secret_is_readable_by_its_owner_only(system: System):
    path = system.directory / "data" / "internal.key"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("env", [
    {"TRIPTYCH_HTTP": "0.0.0.0:0"}, {"TRIPTYCH_OIDC_ISSUER": "http://id.example.test", "TRIPTYCH_OIDC_AUDIENCE": "x"},
])
def test_unsafe_settings_prevent_the_start_with_one_message(system: System, env: dict[str, str]):
    original = dict(system.env)
    system.env |= {**env, "TRIPTYCH_DATA_DIR": str(system.directory / "other")}
    try:
        completed = system.run("up", timeout=30)
    finally:
        system.env = original
    assert completed.returncode == 1
    assert "TRIPTYCH_" in completed.stderr and "Traceback" not in completed.stderr


def test_an_incomplete_body_over_a_socket_times_out(system: System):
    import socket

    host, port = system.http.split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as connection:
        connection.sendall(f"POST /v1/leads HTTP/1.1\r\nhost: {system.http}\r\ncontent-type: application/json\r\n"
                     "content-length: 100\r\n\r\n{".encode())
        response = connection.recv(4096).decode()  # while the client still holds the connection open
    assert response.startswith("HTTP/1.1 408")


def test_a_live_stream_over_a_socket_receives_deltas_and_ends_at_shutdown(system: System):
    """The last test of this module: it stops the system."""
    received: list[str] = []
    started, ended = threading.Event(), threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"http://{system.http}/v1/live?channels=opportunities", timeout=30,
                          trust_env=False) as response:
            for line in response.iter_lines():
                received.append(line)
                started.set()
        ended.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert started.wait(DEADLINE)
    created = system.client.post("/v1/opportunities", json={"business_line": "hardware"})
    id = created.json()["opportunity_id"]
    system.until(lambda: any(id in line for line in received), "the deal is received")
    data = [json.loads(line.removeprefix("data: ")) for line in received if line.startswith("data: ")]
    assert data[0]["channel"] == "opportunities" and data[-1]["opportunity_id"] == id
    assert system.process is not None
    system.process.send_signal(signal.SIGTERM)
    assert ended.wait(DEADLINE)
    assert system.process.wait(DEADLINE) == 0
    assert "timeout graceful shutdown exceeded" not in system.log.read_text()  # the stream ended by itself
    thread.join(DEADLINE)
    system.process = None
