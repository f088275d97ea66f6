"""Two thousand requests (ten thousand in `make nightly`), generated from the OpenAPI document and against it, by five
callers: never a server error.

Every response is validated strictly against the document: status, media type, content.
"""
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.gateway import openapi_validation
from tests.journeys.system import System
from tests.support.effort import examples

pytestmark = [pytest.mark.slow, pytest.mark.journey, pytest.mark.timeout(3600)]
CASES = min(10_000, examples(2_000))
EXAMPLES_PER_OPERATION = min(36, examples(10))  # generated requests per operation and round; some operations have fewer
ROUNDS = 3
STREAMS = "/v1/live"  # a response without an end has its own tests
HIDDEN = "Foreignland"  # region of the records outside the scope of the rep
CALLERS = ("admin", "rep", "manager", "analyst", "operator")
LIMITED = ("rep", "manager")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with a few records, so that some requests return data; none of them belongs to the rep."""
    labels = {"rep_id": "cleo", "region": HIDDEN, "business_line": "hardware"}
    events = (("crm.lead.captured.v1", {"lead_id": "0", **labels}),
            ("crm.customer.registered.v1", {"customer_id": "0", "name": HIDDEN, **labels}),
            ("crm.opportunity.opening_requested.v1", {"opportunity_id": "0", "customer_id": "0", **labels}))
    with System(tmp_path_factory.mktemp("any"), env={"TRIPTYCH_RATE_LIMIT": "100000000"}) as running:
        running.publish([
            {"specversion": "1.0", "type": type, "source": "/any", "id": type, "time": "2026-01-01T00:00:00Z",
             "data": data} for type, data in events])
        running.settle()
        yield running


def test_no_generated_request_fails_or_leaks_foreign_records(system: System):
    schema = schemathesis.openapi.from_url(f"http://{system.http}/openapi.json")
    operations = [o for found in schema.get_all_operations() if (o := found.ok()).path != STREAMS]
    statuses: Counter[str] = Counter()
    faults: list[str] = []
    clients = {role: signed_in(system, role) for role in CALLERS}
    with ThreadPoolExecutor(len(clients)) as threads:  # generating a request takes longer than sending it
        for number in range(ROUNDS):
            for operation in operations:
                send_generated_requests(operation, clients, threads, statuses, faults, number)
            if sum(statuses.values()) >= CASES:
                break
    for client in clients.values():
        client.close()
    print(f"{sum(statuses.values()):,} requests sent: {dict(sorted(statuses.items()))}")
    assert not faults, "\n".join(list({f.partition(" for ")[0]: f for f in faults}.values())[:20])
    assert sum(statuses.values()) >= CASES, statuses
    assert not statuses["429"] and not statuses["401"], f"refused by rate limit or sign-in: {statuses}"
    assert system.get("/v1/health")["status"] == "ready"


def signed_in(system: System, role: str) -> httpx.Client:
    client = httpx.Client(base_url=f"http://{system.http}", timeout=30, trust_env=False,
                        headers={"x-triptych": "console"})
    if role != "admin":
        response = client.post("/v1/sign-in/developer", json={"role": role, "rep_id": "anna"})
        assert response.status_code == 204, response.text
    return client


def send_generated_requests(
    operation: Any, clients: Mapping[str, httpx.Client], threads: ThreadPoolExecutor, statuses: Counter[str],
    faults: list[str], number: int,
) -> None:
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @seed(number)
    @settings(max_examples=EXAMPLES_PER_OPERATION, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(st.one_of(good, bad))
    def send_one(case: Any) -> None:
        arguments = case.as_transport_kwargs()
        changes_session = operation.path in ("/v1/sign-out", "/v1/sign-in/developer")
        roles = ["admin"] if changes_session else clients
        for role, response in zip(roles, threads.map(lambda role: send(clients[role], arguments), roles), strict=True):
            if response is None:
                continue
            statuses[str(response.status_code)] += 1
            if len(roles) == 1:
                clients["admin"].cookies.clear()  # back to the admin after a sign-in with another role
            fault = fault_of(role, response, arguments)
            if fault:
                faults.append(f"{role}: {operation.method.upper()} {operation.path}: {fault} for {arguments}")

    send_one()


def send(client: httpx.Client, arguments: Mapping[str, Any]) -> httpx.Response | None:
    """The response, or None if no client can send the request.

    Generated credentials are left out: the gateway refuses them, and after sixty a minute every request.
    """
    headers = {n: v for n, v in (arguments.get("headers") or {}).items()
               if n.lower() not in ("authorization", "cookie")}
    try:
        request = client.build_request(
            arguments["method"], arguments["url"], params=arguments.get("params"), headers=headers,
            content=arguments.get("data"), json=arguments.get("json"))
        return client.send(request)
    except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError, TypeError):
        return None


def fault_of(role: str, response: httpx.Response, arguments: Mapping[str, Any]) -> str | None:
    if response.status_code == 501 and response.json()["code"] == "not_in_this_release":
        return None
    if response.status_code >= 500:
        return f"{response.status_code} {response.text[:300]}"
    kind = response.headers.get("content-type", "")
    if response.status_code >= 400 and "problem+json" not in kind and "text/html" not in kind:
        return f"{response.status_code} as {kind}"
    if role in LIMITED and HIDDEN in response.text and HIDDEN not in str(arguments):
        return f"shows {HIDDEN}"
    return "; ".join(openapi_validation.violations(response)[:3]) or None
