"""Scope by route: no read of the OpenAPI document returns a deal of another team or its related records."""
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from chassis.http.access import Scope
from tests.gateway.harness import GatewayHarness
from tests.gateway.live_stream import open_stream
from tests.gateway.openapi_validation import operations
from tests.gateway.scenarios import company_harness, event, new_client, signed_in_as

pytestmark = pytest.mark.slow
FOREIGN = "Zanzibar"  # in every text field of the records of the other team
REP = "zora"
PLACE = {"rep_id": REP, "team": FOREIGN, "region": FOREIGN, "business_line": "hardware"}
IDS = {"opportunities": "deal-z", "leads": "lead-z", "customers": "customer-z", "reps": REP, "issues": "issue-z",
       "business-lines": "hardware", "blueprints": "hardware", "boards": "activities", "segments": "lost",
       "surveys": "after_win", "kpis": "visits", "targets": "2026-02", "funnels": "hardware", "forecasts": "hardware",
       "dead-letters": "none"}
QUERY_VALUES: Mapping[str, tuple[str, ...]] = {
    "q": ("deal-z", "lead-z", "customer-z", "zora", "zan"), "id": ("deal-z", "lead-z", "customer-z"),
    "rep_id": (REP,), "customer_id": ("customer-z",), "lead_id": ("lead-z",), "region": (FOREIGN,), "team": (FOREIGN,),
    "business_line": ("hardware",), "status": ("open", "done"), "sort": ("-updated", "-score", "name"),
    "by": ("rep", "team", "region", "customer", "rep_id", "source"), "compare": ("year",),
    "period": ("2026-02", "2026"),
    "where": (f"region:{FOREIGN}", f"rep:{REP}", "business_line:hardware"), "as_of": ("2099-12-31",),
    "from": ("2026-01-01",), "grain": ("day",), "mode": ("throughput",), "written": ("true",), "grouped": ("true",),
    "subject": ("opportunity:deal-z", "lead:lead-z", "customer:customer-z"), "updated_since": ("2020-01-01T00:00:00Z",),
    "survey": ("after_win",), "opportunity_id": ("deal-z",), "respondent_id": ("customer-z",)}
CALLERS = ("rep", "manager", "manager of a region", "key")


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        amount = {"amount_minor": 987_654, "currency": "EUR"}
        dims = {"sector": FOREIGN}
        visit = {"activity_id": "visit-z", "kind": "visit", "outcome": FOREIGN}
        response = await running.publish(
            event("crm.employee.assigned.v1", "zora", employee_id=REP, name=FOREIGN, team=FOREIGN, region=FOREIGN,
                  manager_id="nora", roles=["rep"]),
            event("crm.customer.registered.v1", "cz", customer_id="customer-z", name=FOREIGN,
                  contacts=[{"contact_id": "k", "name": FOREIGN}], attributes={"a": FOREIGN}, **PLACE),
            event("crm.lead.captured.v1", "lz", lead_id="lead-z", source=FOREIGN, contact={"name": FOREIGN},
                  attributes={"a": FOREIGN}, dimensions=dims, **PLACE),
            event("crm.opportunity.opening_requested.v1", "dz", opportunity_id="deal-z", customer_id="customer-z",
                  lead_id="lead-z", amount=amount, dimensions=dims, **PLACE),
            event("crm.activity.logged.v1", "az", subject={"kind": "opportunity", "id": "deal-z"}, **visit, **PLACE),
            event("crm.order.placed.v1", "oz", order_id="order-z", customer_id="customer-z", amount=amount, **PLACE))
        assert response.status_code == 202, response.text
        invited = await running.client.post("/v1/surveys/after_win/invitations",
                                       json={"respondent_id": "customer-z", "opportunity_id": "deal-z", **PLACE})
        answers = {"answers": {"nps": 1, "csat": 1, "reason": FOREIGN}}
        assert (await running.client.post(invited.json()["url"], json=answers)).status_code == 200
        targets = [{"measure": "visits", "scope": {"region": FOREIGN}, "value": 5},
                   {"measure": "visits", "scope": {"rep": REP}, "value": 5}]
        assert (await running.client.put("/v1/targets/2026-02", json=targets)).status_code == 200
        await running.settle()
        [issue] = (await running.client.get(f"/v1/issues?region={FOREIGN}")).json()["items"]
        IDS["issues"] = issue["issue_id"]
        yield running


async def client_of(harness: GatewayHarness, caller: str) -> tuple[httpx.AsyncClient, Any]:
    if caller == "key":
        reads = ["deals:read", "leads:read", "customers:read", "figures:read", "activities:read", "issues:read",
                 "surveys:read", "segments:read", "people:read", "process:read"]
        key, _ = await harness.gateway.keys.create("west", reads, scope=Scope(regions=("West",)))
        return new_client(harness, authorization=f"Bearer {key}"), None
    labels = {"manager": {"rep_id": "max"}, "manager of a region": {"region": "West"}}.get(caller, {"rep_id": "anna"})
    sign_in = signed_in_as(harness, "manager" if caller.startswith("manager") else "rep", **labels)
    return await sign_in.__aenter__(), sign_in


def read_paths() -> Iterator[str]:
    """Every read with ids of the other team, without and with each of its parameters set to values of that team."""
    for method, path, operation in operations():
        if method != "get" or path in ("/v1/live", "/s/{token}") or path.startswith(("/v1/sign-in", "/v1/me")):
            continue
        parts = path.split("/")
        path_with_ids = "/".join(IDS.get(parts[2], "none") if p.startswith("{") else p for p in parts)
        names = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        required_query = "?rep_id=zora" if path == "/v1/worklist" else "?q=zan" if path == "/v1/search" else ""
        yield path_with_ids + required_query
        for name in sorted(names & set(QUERY_VALUES)):
            for value in QUERY_VALUES[name]:
                yield f"{path_with_ids}?{name}={quote(value)}"


PATHS = list(dict.fromkeys(read_paths()))


def leaks(response: httpx.Response) -> bool:
    """Whether the response has data of the other team that the request did not have."""
    if response.status_code >= 400:
        return False
    requested = str(response.request.url)
    marks = (FOREIGN, REP, "987654", "visit-z", "order-z", "deal-z")
    return any(mark in response.text and mark not in requested for mark in marks)


async def test_most_routes_return_records_of_the_other_team_to_the_admin(harness: GatewayHarness):
    showing = {path.partition("?")[0] for path in PATHS if leaks(await harness.client.get(path))}
    assert len(PATHS) > 150 and len(showing) >= 20, sorted(showing)
    assert showing >= {"/v1/opportunities", "/v1/opportunities/board", "/v1/opportunities/deal-z/overview", "/v1/leads",
                       "/v1/customers", "/v1/activities", "/v1/search", "/v1/issues", "/v1/kpis/visits/records",
                       "/v1/boards/activities", "/v1/surveys/after_win/answers", "/v1/targets/2026-02"}


@pytest.mark.parametrize("caller", CALLERS)
async def test_no_route_returns_records_of_another_team(harness: GatewayHarness, caller: str):
    browser, sign_in = await client_of(harness, caller)
    try:
        for path in PATHS:
            for headers in ({}, {"accept": "text/csv"}):
                response = await browser.get(path, headers=headers)
                assert not leaks(response), f"{caller} at {path}: {response.text[:500]}"
    finally:
        await (sign_in.__aexit__(None, None, None) if sign_in else browser.aclose())


RECORDS = [path for path in PATHS if path.split("/")[2] in ("opportunities", "leads", "customers", "issues", "reps")
           and any(f"/{IDS[k]}" in path for k in ("opportunities", "leads", "customers", "reps")) and "?" not in path]


@pytest.mark.parametrize("caller", CALLERS)
async def test_records_of_another_team_are_404_at_every_path(harness: GatewayHarness, caller: str):
    browser, sign_in = await client_of(harness, caller)
    try:
        found = [(await browser.get(path)).status_code for path in [*RECORDS, f"/v1/issues/{IDS['issues']}"]]
        assert len(found) >= 10 and set(found) <= {404, 501}, dict(zip(RECORDS, found, strict=False))
    finally:
        await (sign_in.__aexit__(None, None, None) if sign_in else browser.aclose())


async def test_queries_and_the_live_stream_exclude_another_team(harness: GatewayHarness):
    names = [i["measure"] for i in (await harness.client.get("/v1/kpis")).json()["items"]]
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        for at in range(0, len(names), 50):
            queries = [{"measure": n, "by": ["rep"], "period": "2026"} for n in names[at:at + 50]]
            response = await anna.post("/v1/kpis/query", json=queries)
            assert response.status_code == 200 and FOREIGN not in response.text and REP not in response.text
        cookie = "; ".join(f"{k}={v}" for k, v in anna.cookies.items())
    async with open_stream(harness, "opportunities,kpis:revenue,worklist", cookie) as stream:
        moved = event("crm.opportunity.revision_requested.v1", "dz2", opportunity_id="deal-z", region=FOREIGN,
                      amount={"amount_minor": 987_654_321, "currency": "EUR"})
        own = event("crm.opportunity.revision_requested.v1", "da2", opportunity_id="deal-anna", region="West",
                    amount={"amount_minor": 11, "currency": "EUR"})
        assert (await harness.publish(moved, own)).status_code == 202
        await stream.until(lambda: stream.of("opportunities"), "the change of the own deal is received")
        assert FOREIGN not in stream.text and "deal-z" not in stream.text and "987654" not in stream.text
