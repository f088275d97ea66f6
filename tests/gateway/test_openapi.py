"""OpenAPI document: every route publishes its responses, and every real response matches them."""
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.gateway.harness import GatewayHarness
from tests.gateway.openapi_validation import operations, published_document
from tests.gateway.scenarios import company_harness, event

pytestmark = pytest.mark.slow
WITHOUT_JSON = {
    "get /s/{token}": "HTML page", "get /v1/live": "event stream", "get /v1/blueprints/{name}/diagram": "diagram",
    "get /v1/sign-in/start": "redirect", "get /v1/sign-in/callback": "redirect",
    "post /v1/sign-in/developer": "no content", "post /v1/sign-out": "no content"}
IDS_BY_PARAMETER = {
    "lead_id": "lead-anna", "measure": "opportunities_opened", "period": "2026-02", "pipeline": "hardware"}
IDS_BY_COLLECTION = {
    "opportunities": "deal-anna", "customers": "customer-anna", "reps": "anna", "business-lines": "hardware",
    "blueprints": "hardware", "boards": "activities", "surveys": "after_win"}
QUERIES = {"/v1/search": "?q=deal", "/v1/worklist": "?rep_id=anna", "/v1/segments/{name}/members": "?as_of=2099-12-31"}


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        yield running


@pytest.fixture(scope="module")
async def generated_ids(harness: GatewayHarness) -> Mapping[str, str]:
    """Records for every route; generated ids by parameter or collection."""
    amount = {"amount_minor": 500, "currency": "EUR"}
    labels = {"rep_id": "anna", "team": "Hill", "region": "West", "business_line": "hardware"}
    response = await harness.publish(
        event("crm.order.placed.v1", "o", order_id="o", customer_id="customer-anna", amount=amount, **labels),
        event("crm.customer.revised.v1", "named", customer_id="customer-anna",
              contacts=[{"contact_id": "c", "name": "Cy", "language": "zh"}], attributes={"size": 3}),
        event("crm.lead.revised.v1", "lead", lead_id="lead-anna", contact={"name": "Lu"}, attributes={"size": 3}),
        event("crm.opportunity.revision_requested.v1", "nowhere", opportunity_id="nowhere", region="West"))
    assert response.status_code == 202, response.text
    await harness.client.put("/v1/targets/2026-02", json=[{"measure": "visits", "value": 10}])
    invited = await harness.client.post("/v1/surveys/after_win/invitations",
                                   json={"respondent_id": "customer-anna", **labels})
    answers = {"answers": {"nps": 1, "csat": 1, "reason": "Slow"}}
    assert (await harness.client.post(invited.json()["url"], json=answers)).status_code == 200
    await harness.settle()
    [dead_letter, *_] = (await harness.client.get("/v1/dead-letters")).json()["items"]
    [issue] = (await harness.client.get("/v1/issues")).json()["items"]
    segments = (await harness.client.get("/v1/customers/customer-anna?as_of=2099-12-31")).json()["segments"]
    [segment] = [placed["segment"] for placed in segments.values()]
    return {"issue_id": issue["issue_id"], "dead-letters": dead_letter["id"], "segments": segment}


def test_every_route_publishes_its_successful_responses():
    for method, path, operation in operations():
        published = {s: r for s, r in operation["responses"].items() if s.startswith(("2", "3", "501"))}
        assert published, f"{method} {path} publishes no response"
        for status, response in published.items():
            kinds = response.get("content", {})
            schemas = [kind["schema"] for kind in kinds.values()]
            plain = f"{method} {path}" in WITHOUT_JSON or "application/problem+json" in kinds
            assert plain or ("application/json" in kinds and all(schemas)), f"{method} {path} {status}"


def test_every_error_response_is_published_as_a_problem():
    for method, path, operation in operations():
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5", "default")) and (path, status) != ("/v1/health", "503"):
                problem = response["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/Problem"}, f"{method} {path} {status}"


def test_schema_names_are_type_names():
    for name in published_document()["components"]["schemas"]:
        assert name.isidentifier() and name[0].isupper() and "_" not in name, name


READS = [(path, operation) for method, path, operation in operations() if method == "get"]


@pytest.mark.parametrize("path", [p for p, _ in READS])
async def test_a_read_matches_the_document(harness: GatewayHarness, generated_ids: Mapping[str, str], path: str):
    """The client validates each response; this test makes sure that there are records to return."""
    operation = published_document()["paths"][path]["get"]
    if f"get {path}" in WITHOUT_JSON or "501" in operation["responses"]:
        return
    response = await harness.client.get(path_with_ids(path, generated_ids) + QUERIES.get(path, ""))
    assert response.status_code == 200 or path == "/v1/health", response.text
    body = response.json()
    for name in ("items", "rows", "tiles", "cells", "columns", "stages"):
        assert body.get(name, True), f"{path}: {name} is empty"


def path_with_ids(path: str, generated_ids: Mapping[str, str]) -> str:
    parts = path.split("/")
    kind = parts[2]
    ids = {**IDS_BY_PARAMETER, **generated_ids}
    return "/".join(
        ids.get(p[1:-1], IDS_BY_COLLECTION.get(kind, ids.get(kind, ""))) if p.startswith("{") else p for p in parts)


async def test_every_measure_and_board_matches_the_document(harness: GatewayHarness, generated_ids: Mapping[str, str]):
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
async def test_variants_of_a_read_match_the_document(
    harness: GatewayHarness, generated_ids: Mapping[str, str], path: str,
):
    assert (await harness.client.get(path)).status_code == 200


async def test_writes_match_the_document(harness: GatewayHarness, generated_ids: Mapping[str, Any]):
    client = harness.client
    created = await client.post("/v1/opportunities", json={
        "business_line": "hardware", "customer_id": "customer-anna", "amount": {"amount_minor": 1, "currency": "EUR"},
        "lines": [{"product_id": "p", "amount": {"amount_minor": 1, "currency": "EUR"}}]})
    assert created.status_code == 201
    id, match = created.json()["opportunity_id"], {"if-match": created.headers["etag"]}
    assert (await client.patch(f"/v1/opportunities/{id}", json={"region": "West"}, headers=match)).status_code == 200
    assert (await client.post(f"/v1/opportunities/{id}/transitions", json={"transition": "win"})).status_code == 409
    moves = [{"opportunity_id": id, "transition": "engage"}, {"opportunity_id": "nowhere", "transition": "engage"}]
    assert [v["status"] for v in (await client.post("/v1/opportunities/transitions", json=moves)).json()] == [200, 404]
    for path, body in (("/v1/leads", {"business_line": "hardware"}),
                       ("/v1/activities", {"kind": "call", "subject": {"kind": "lead", "id": "lead-anna"}})):
        assert (await client.post(path, json=body)).status_code == 202
    good, bad = event("crm.lead.captured.v1", "g", lead_id="g", business_line="hardware"), {"id": "b"}
    assert (await client.post("/v1/events", json=[good, bad])).status_code == 207
    assert (await client.post("/v1/events", json=bad)).status_code == 400
    assert (await client.post("/v1/kpis/query", json=[{"measure": "visits"}])).status_code == 200
    assert (await client.post("/v1/segments/recompute?as_of=2099-12-31")).status_code == 202
    dead_letter = generated_ids["dead-letters"]
    selection = {"where": {"service": "pipeline"}, "dry_run": True}
    assert (await client.post("/v1/dead-letters/replay", json=selection)).status_code == 200
    assert (await client.post(f"/v1/dead-letters/{dead_letter}/replay", json={})).status_code == 202
    await harness.settle()
