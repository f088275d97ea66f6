"""The document tells what each route answers, and every route really answers so."""
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.gateway.harness import GatewayHarness
from tests.gateway.openapi_validation import operations, published_document
from tests.gateway.scenarios import company_harness, event

pytestmark = pytest.mark.slow
OTHERWISE = {
    "get /s/{token}": "a page", "get /v1/live": "a stream", "get /v1/blueprints/{name}/diagram": "a drawing",
    "get /v1/sign-in/start": "leads elsewhere", "get /v1/sign-in/callback": "leads elsewhere",
    "post /v1/sign-in/developer": "says nothing", "post /v1/sign-out": "says nothing"}
NAMES = {"lead_id": "lead-anna", "measure": "opportunities_opened", "period": "2026-02", "pipeline": "hardware"}
NAMED = {"opportunities": "deal-anna", "customers": "customer-anna", "reps": "anna", "business-lines": "hardware",
         "blueprints": "hardware", "boards": "activities", "surveys": "after_win"}
ASKED = {"/v1/search": "?q=deal", "/v1/worklist": "?rep_id=anna", "/v1/segments/{name}/members": "?as_of=2099-12-31"}


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as made:
        yield made


@pytest.fixture(scope="module")
async def known(harness: GatewayHarness) -> Mapping[str, str]:
    """Something behind every route; ids that are made by chance, by the name of their path."""
    amount = {"amount_minor": 500, "currency": "EUR"}
    place = {"rep_id": "anna", "team": "Hill", "region": "West", "business_line": "hardware"}
    answer = await harness.publish(
        event("crm.order.placed.v1", "o", order_id="o", customer_id="customer-anna", amount=amount, **place),
        event("crm.customer.revised.v1", "named", customer_id="customer-anna",
              contacts=[{"contact_id": "c", "name": "Cy", "language": "zh"}], attributes={"size": 3}),
        event("crm.lead.revised.v1", "lead", lead_id="lead-anna", contact={"name": "Lu"}, attributes={"size": 3}),
        event("crm.opportunity.revision_requested.v1", "nowhere", opportunity_id="nowhere", region="West"))
    assert answer.status_code == 202, answer.text
    await harness.client.put("/v1/targets/2026-02", json=[{"measure": "visits", "value": 10}])
    invited = await harness.client.post("/v1/surveys/after_win/invitations",
                                   json={"respondent_id": "customer-anna", **place})
    said = {"answers": {"nps": 1, "csat": 1, "reason": "Slow"}}
    assert (await harness.client.post(invited.json()["url"], json=said)).status_code == 200
    await harness.settle()
    [letter, *_] = (await harness.client.get("/v1/dead-letters")).json()["items"]
    [issue] = (await harness.client.get("/v1/issues")).json()["items"]
    then = (await harness.client.get("/v1/customers/customer-anna?as_of=2099-12-31")).json()["segments"]
    [segment] = [placed["segment"] for placed in then.values()]
    return {"issue_id": issue["issue_id"], "dead-letters": letter["id"], "segments": segment}


def test_every_route_tells_what_it_answers():
    for method, path, operation in operations():
        told = {s: r for s, r in operation["responses"].items() if s.startswith(("2", "3", "501"))}
        assert told, f"{method} {path} tells nothing"
        for status, response in told.items():
            kinds = response.get("content", {})
            schemas = [kind["schema"] for kind in kinds.values()]
            plain = f"{method} {path}" in OTHERWISE or "application/problem+json" in kinds
            assert plain or ("application/json" in kinds and all(schemas)), f"{method} {path} {status}"


def test_every_refusal_is_told_as_a_problem():
    for method, path, operation in operations():
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5", "default")) and (path, status) != ("/v1/health", "503"):
                problem = response["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/Problem"}, f"{method} {path} {status}"


def test_names_of_schemas_are_names_of_types():
    for name in published_document()["components"]["schemas"]:
        assert name.isidentifier() and name[0].isupper() and "_" not in name, name


READS = [(path, operation) for method, path, operation in operations() if method == "get"]


@pytest.mark.parametrize("path", [p for p, _ in READS])
async def test_a_read_answers_as_the_document_tells(harness: GatewayHarness, known: Mapping[str, str], path: str):
    """The client validates each response; this test makes sure that there are records to return."""
    operation = published_document()["paths"][path]["get"]
    if f"get {path}" in OTHERWISE or "501" in operation["responses"]:
        return
    answer = await harness.client.get(filled(path, known) + ASKED.get(path, ""))
    assert answer.status_code == 200 or path == "/v1/health", answer.text
    body = answer.json()
    for name in ("items", "rows", "tiles", "cells", "columns", "stages"):
        assert body.get(name, True), f"{path}: {name} is empty"


def filled(path: str, known: Mapping[str, str]) -> str:
    parts = path.split("/")
    kind = parts[2]
    ids = {**NAMES, **known}
    return "/".join(
        ids.get(p[1:-1], NAMED.get(kind, ids.get(kind, ""))) if p.startswith("{") else p for p in parts)


async def test_every_measure_and_board_answers_as_the_document_tells(harness: GatewayHarness, known: Mapping[str, str]):
    for item in (await harness.client.get("/v1/kpis")).json()["items"]:
        name = item["measure"]
        for query in ("", "?period=2026-02&compare=previous,year", "?by=rep&grain=month"):
            assert (await harness.client.get(f"/v1/kpis/{name}{query}")).status_code in (200, 422)
        for more in ("records", "explain"):
            assert (await harness.client.get(f"/v1/kpis/{name}/{more}")).status_code == 200
    for item in (await harness.client.get("/v1/boards")).json()["items"]:
        assert (await harness.client.get(f"/v1/boards/{item['name']}?period=2026-02&compare=year")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/dead-letters?grouped=true", "/v1/customers/customer-anna?as_of=2099-12-31",
                                  "/v1/customers/customer-anna?as_of=2000-01-01", "/v1/segments?as_of=2099-12-31",
                                  "/v1/targets/2026-02", "/v1/targets/2026-02/attainment",
                                  "/v1/surveys/after_win/results?by=region,rep_id",
                                  "/v1/funnels/hardware?mode=throughput"])
async def test_other_forms_of_a_read_answer_as_the_document_tells(
    harness: GatewayHarness, known: Mapping[str, str], path: str,
):
    assert (await harness.client.get(path)).status_code == 200


async def test_writes_answer_as_the_document_tells(harness: GatewayHarness, known: Mapping[str, Any]):
    door = harness.client
    made = await door.post("/v1/opportunities", json={
        "business_line": "hardware", "customer_id": "customer-anna", "amount": {"amount_minor": 1, "currency": "EUR"},
        "lines": [{"product_id": "p", "amount": {"amount_minor": 1, "currency": "EUR"}}]})
    assert made.status_code == 201
    id, match = made.json()["opportunity_id"], {"if-match": made.headers["etag"]}
    assert (await door.patch(f"/v1/opportunities/{id}", json={"region": "West"}, headers=match)).status_code == 200
    assert (await door.post(f"/v1/opportunities/{id}/transitions", json={"transition": "win"})).status_code == 409
    moves = [{"opportunity_id": id, "transition": "engage"}, {"opportunity_id": "nowhere", "transition": "engage"}]
    assert [v["status"] for v in (await door.post("/v1/opportunities/transitions", json=moves)).json()] == [200, 404]
    for path, body in (("/v1/leads", {"business_line": "hardware"}),
                       ("/v1/activities", {"kind": "call", "subject": {"kind": "lead", "id": "lead-anna"}})):
        assert (await door.post(path, json=body)).status_code == 202
    good, bad = event("crm.lead.captured.v1", "g", lead_id="g", business_line="hardware"), {"id": "b"}
    assert (await door.post("/v1/events", json=[good, bad])).status_code == 207
    assert (await door.post("/v1/events", json=bad)).status_code == 400
    assert (await door.post("/v1/kpis/query", json=[{"measure": "visits"}])).status_code == 200
    assert (await door.post("/v1/segments/recompute?as_of=2099-12-31")).status_code == 202
    letter = known["dead-letters"]
    asked = {"where": {"service": "pipeline"}, "dry_run": True}
    assert (await door.post("/v1/dead-letters/replay", json=asked)).status_code == 200
    assert (await door.post(f"/v1/dead-letters/{letter}/replay", json={})).status_code == 202
    await harness.settle()
