"""Two thousand requests (ten thousand in `make nightly`), generated from the OpenAPI document and against it, by five
callers: never a server error.

Every answer is held against the document too: its status, its kind, its content, strictly.
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
EACH = min(36, examples(10))  # made-up requests of one operation in a round; some have not so many different ones
ROUNDS = 3
STREAMS = "/v1/live"  # an answer without an end has tests of its own
HIDDEN = "Foreignland"  # where everything is that the rep may not see
CALLERS = ("admin", "rep", "manager", "analyst", "operator")
LIMITED = ("rep", "manager")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """With a little in it, so that some requests find something; nothing of it is the rep's."""
    place = {"rep_id": "cleo", "region": HIDDEN, "business_line": "hardware"}
    said = (("crm.lead.captured.v1", {"lead_id": "0", **place}),
            ("crm.customer.registered.v1", {"customer_id": "0", "name": HIDDEN, **place}),
            ("crm.opportunity.opening_requested.v1", {"opportunity_id": "0", "customer_id": "0", **place}))
    with System(tmp_path_factory.mktemp("any"), env={"TRIPTYCH_RATE_LIMIT": "100000000"}) as made:
        made.publish([{"specversion": "1.0", "type": type, "source": "/any", "id": type, "time": "2026-01-01T00:00:00Z",
                       "data": data} for type, data in said])
        made.settle()
        yield made


def test_no_generated_request_fails_or_leaks_foreign_records(system: System):
    schema = schemathesis.openapi.from_url(f"http://{system.http}/openapi.json")
    operations = [o for found in schema.get_all_operations() if (o := found.ok()).path != STREAMS]
    told: Counter[str] = Counter()
    faults: list[str] = []
    clients = {role: signed_in(system, role) for role in CALLERS}
    with ThreadPoolExecutor(len(clients)) as threads:  # making a request up takes longer than asking it
        for number in range(ROUNDS):
            for operation in operations:
                many(operation, clients, threads, told, faults, number)
            if sum(told.values()) >= CASES:
                break
    for client in clients.values():
        client.close()
    print(f"{sum(told.values()):,} requests answered: {dict(sorted(told.items()))}")
    assert not faults, "\n".join(list({f.partition(" for ")[0]: f for f in faults}.values())[:20])
    assert sum(told.values()) >= CASES, told
    assert not told["429"] and not told["401"], f"who is refused at the door has tried nothing: {told}"
    assert system.get("/v1/health")["status"] == "ready"


def signed_in(system: System, role: str) -> httpx.Client:
    made = httpx.Client(base_url=f"http://{system.http}", timeout=30, trust_env=False,
                        headers={"x-triptych": "console"})
    if role != "admin":
        answer = made.post("/v1/sign-in/developer", json={"role": role, "rep_id": "anna"})
        assert answer.status_code == 204, answer.text
    return made


def many(
    operation: Any, clients: Mapping[str, httpx.Client], threads: ThreadPoolExecutor, told: Counter[str],
    faults: list[str], number: int,
) -> None:
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @seed(number)
    @settings(max_examples=EACH, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(st.one_of(good, bad))
    def one(case: Any) -> None:
        asked = case.as_transport_kwargs()
        roles = ["admin"] if operation.path in ("/v1/sign-out", "/v1/sign-in/developer") else clients  # who stays who
        for role, answer in zip(roles, threads.map(lambda role: asked_by(clients[role], asked), roles), strict=True):
            if answer is None:
                continue
            told[str(answer.status_code)] += 1
            if len(roles) == 1:
                clients["admin"].cookies.clear()  # who has signed in as somebody else is the admin again
            fault = wrong_with(role, answer, asked)
            if fault:
                faults.append(f"{role}: {operation.method.upper()} {operation.path}: {fault} for {asked}")

    one()


def asked_by(client: httpx.Client, asked: Mapping[str, Any]) -> httpx.Response | None:
    """None: no client can send it, so it is not counted.

    Without made-up credentials: they are refused at the door, and after sixty a minute everything is.
    """
    headers = {n: v for n, v in (asked.get("headers") or {}).items() if n.lower() not in ("authorization", "cookie")}
    try:
        request = client.build_request(
            asked["method"], asked["url"], params=asked.get("params"), headers=headers,
            content=asked.get("data"), json=asked.get("json"))
        return client.send(request)
    except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError, TypeError):
        return None


def wrong_with(role: str, answer: httpx.Response, asked: Mapping[str, Any]) -> str | None:
    if answer.status_code == 501 and answer.json()["code"] == "not_in_this_release":
        return None
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:300]}"
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400 and "problem+json" not in kind and "text/html" not in kind:
        return f"{answer.status_code} as {kind}"
    if role in LIMITED and HIDDEN in answer.text and HIDDEN not in str(asked):
        return f"shows {HIDDEN}"
    return "; ".join(openapi_validation.violations(answer)[:3]) or None
