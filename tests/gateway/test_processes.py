"""The door as it really runs: processes, sockets, files. What the tests within one process cannot show."""
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
    with System(tmp_path_factory.mktemp("door")) as made:
        yield made


def test_the_start_says_loudly_that_nobody_is_asked_for_a_password(system: System):
    system.until(lambda: "DEVELOPER" in system.log.read_text(), "it has said so")


def test_a_services_own_port_answers_nobody_but_the_gateway(system: System):
    first = int(system.env["TRIPTYCH_FIRST_PORT"])
    for port in range(first, first + 5):
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/lag", trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_from_the_gateway")
    for port in range(first + 1000, first + 1006):
        assert httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/v1/lag", trust_env=False).status_code == 404


def test_a_key_that_the_command_line_makes_opens_the_running_door_until_it_is_revoked(system: System):
    made = system.run("keys", "create", "erp", "--scope", "leads:read")
    key = made.stdout.strip()
    assert made.returncode == 0 and key.startswith("tk_"), made.stderr
    headers = {"authorization": f"Bearer {key}"}
    assert system.client.get("/v1/leads", headers=headers).status_code == 200
    assert system.client.get("/v1/opportunities", headers=headers).status_code == 403
    listed = system.run("keys", "list").stdout
    _, id, secret = key.split("_", 2)  # a secret may validate_response and begin with the same sign
    assert id in listed and secret not in listed
    assert system.run("keys", "revoke", id).returncode == 0
    assert system.client.get("/v1/leads", headers=headers).status_code == 401


def test_the_internal_secret_is_its_owners_only(system: System):
    path = system.directory / "data" / "internal.key"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("env", [
    {"TRIPTYCH_HTTP": "0.0.0.0:0"}, {"TRIPTYCH_OIDC_ISSUER": "http://id.example.test", "TRIPTYCH_OIDC_AUDIENCE": "x"},
])
def test_what_is_not_safe_does_not_start_and_says_why_in_one_sentence(system: System, env: dict[str, str]):
    kept = dict(system.env)
    system.env |= {**env, "TRIPTYCH_DATA_DIR": str(system.directory / "other")}
    try:
        done = system.run("up", timeout=30)
    finally:
        system.env = kept
    assert done.returncode == 1
    assert "TRIPTYCH_" in done.stderr and "Traceback" not in done.stderr


def test_a_body_over_a_socket_that_stops_halfway_is_not_waited_for_longer_than_it_says(system: System):
    import socket

    host, port = system.http.split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as line:
        line.sendall(f"POST /v1/leads HTTP/1.1\r\nhost: {system.http}\r\ncontent-type: application/json\r\n"
                     "content-length: 100\r\n\r\n{".encode())
        answer = line.recv(4096).decode()  # while the client still holds the connection open
    assert answer.startswith("HTTP/1.1 408")


def test_a_live_stream_tells_over_a_socket_and_a_drain_does_not_wait_for_it(system: System):
    """The last test of this module: it stops the system."""
    told: list[str] = []
    begun, ended = threading.Event(), threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"http://{system.http}/v1/live?channels=opportunities", timeout=30,
                          trust_env=False) as answer:
            for line in answer.iter_lines():
                told.append(line)
                begun.set()
        ended.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert begun.wait(DEADLINE)
    made = system.client.post("/v1/opportunities", json={"business_line": "hardware"})
    id = made.json()["opportunity_id"]
    system.until(lambda: any(id in line for line in told), "the deal is told")
    data = [json.loads(line.removeprefix("data: ")) for line in told if line.startswith("data: ")]
    assert data[0]["channel"] == "opportunities" and data[-1]["opportunity_id"] == id
    assert system.process is not None
    system.process.send_signal(signal.SIGTERM)
    assert ended.wait(DEADLINE)
    assert system.process.wait(DEADLINE) == 0
    assert "timeout graceful shutdown exceeded" not in system.log.read_text()  # the stream ended by itself
    thread.join(DEADLINE)
    system.process = None
