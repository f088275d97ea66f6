"""Forwarding to services: preconditions, idempotency keys, pages, unavailable services, listening addresses."""
import asyncio
from typing import Any

import httpx
import pytest

from chassis.http.routing import encode_cursor
from chassis.service.addresses import api_port, management_port
from chassis.support.settings import Settings
from services.gateway.auth.address import UnsafeAddress, listen_address
from tests.gateway.harness import GatewayHarness


def opening(id: str, **more: Any) -> dict[str, Any]:
    return {"opportunity_id": id, "business_line": "software", "rep_id": "anna",
            "amount": {"amount_minor": 100, "currency": "EUR"}, **more}


async def open_deal(harness: GatewayHarness, id: str, **more: Any) -> str:
    response = await harness.client.post("/v1/opportunities", json=opening(id, **more))
    assert response.status_code == 201, response.text
    etag: str = response.headers["etag"]
    return etag


# --- conditions and keys ---------------------------------------------------------------------------------------------


async def test_a_change_requires_the_current_etag(harness: GatewayHarness) -> None:
    etag = await open_deal(harness, "etag")
    path, body = "/v1/opportunities/etag", {"amount": {"amount_minor": 200, "currency": "EUR"}}
    without = await harness.client.patch(path, json=body)
    assert (without.status_code, without.json()["code"]) == (428, "if_match_required")
    for invalid in ('"999"', '"abc"', "W/999"):
        stale = await harness.client.patch(path, json=body, headers={"If-Match": invalid})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale"), invalid
    changed = await harness.client.patch(path, json=body, headers={"If-Match": etag})
    assert changed.status_code == 200 and changed.headers["etag"] != etag
    assert (await harness.client.patch(path, json=body, headers={"If-Match": etag})).status_code == 412
    assert (await harness.client.get(path)).headers["etag"] == changed.headers["etag"]


async def test_a_repeated_idempotency_key_has_one_effect_and_equal_responses(harness: GatewayHarness) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = await harness.client.post("/v1/opportunities", json=opening("idem"), headers=headers)
    again = await harness.client.post("/v1/opportunities", json=opening("idem"), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() and again.headers["etag"] == first.headers["etag"]
    other = await harness.client.post("/v1/opportunities", json=opening("idem", rep_id="bo"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    bad = await harness.client.post("/v1/opportunities", json=opening("idem2"), headers={"Idempotency-Key": "x" * 129})
    assert bad.status_code == 422


async def test_concurrent_requests_with_one_idempotency_key_have_one_effect(harness: GatewayHarness) -> None:
    await open_deal(harness, "race")
    body, headers = {"transition": "lose", "fields": {"loss_reason": "price"}}, {"Idempotency-Key": "race-1"}
    path = "/v1/opportunities/race/transitions"
    responses = await asyncio.gather(*(harness.client.post(path, json=body, headers=headers) for _ in range(10)))
    assert {a.status_code for a in responses} <= {200, 409, 503}
    assert any(a.status_code == 200 for a in responses), [a.text for a in responses]
    history = (await harness.client.get("/v1/opportunities/race/history")).json()["items"]
    assert sum("lost" in str(row.get("type")) for row in history) == 1


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_the_links_of_a_list_lead_through_every_item_once(harness: GatewayHarness) -> None:
    expected = [f"page-{n:02}" for n in range(7)]
    for id in expected:
        await open_deal(harness, id, region="Pages")
    ids: list[str] = []
    url = "/v1/opportunities?limit=3&business_line=software"
    while url:
        response = await harness.client.get(url)
        assert response.status_code == 200 and len(response.json()["items"]) <= 3
        ids += [i["opportunity_id"] for i in response.json()["items"]]
        link = response.links.get("next", {}).get("url", "")
        assert bool(link) == (response.json()["next"] is not None)
        if link:
            assert httpx.URL(link).path == "/v1/opportunities", "the path of the gateway, not the port of the service"
            assert httpx.URL(link).params["business_line"] == "software"
        url = link
    assert len(ids) == len(set(ids)) and set(expected) <= set(ids)


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/opportunities", "/v1/customers", "/v1/issues", "/v1/dead-letters",
                                  "/v1/definitions", "/v1/segments/lost/members", "/v1/kpis/visits"])
async def test_invalid_limits_and_foreign_cursors_are_refused_on_every_list(path: str, harness: GatewayHarness) -> None:
    for limit in ("0", "501", "-1", "many"):
        response = await harness.client.get(path, params={"limit": limit})
        assert response.status_code == 422, f"{path}?limit={limit}: {response.status_code}"
    for cursor in ("abc", "%00", encode_cursor({"a": 1}), "x" * 3000):
        response = await harness.client.get(path, params={"cursor": cursor})
        assert response.status_code < 500, f"{path}?cursor={cursor[:20]}: {response.text}"
        assert response.headers["content-type"].startswith("application/"), path


# --- requests and responses ------------------------------------------------------------------------------------------


async def test_unusual_ids_reach_the_service_unchanged(harness: GatewayHarness) -> None:
    for id in ("a.b:c-d_e", "x%20y", "ü", "a%2Fb"):
        response = await harness.client.get(f"/v1/leads/{id}")
        assert response.status_code in (400, 404, 422), f"{id}: {response.status_code} {response.text}"


async def test_an_unavailable_service_is_a_502_with_retry_after_and_others_respond(harness: GatewayHarness) -> None:
    port = api_port(harness.services["pipeline"].settings, "pipeline")
    harness.network.unavailable.add(port)
    try:
        unavailable = await harness.client.get("/v1/opportunities")
        assert (unavailable.status_code, unavailable.json()["code"]) == (502, "service_unreachable")
        assert unavailable.headers["retry-after"] == "1" and "pipeline" in unavailable.json()["detail"]
        assert (await harness.client.get("/v1/leads")).status_code == 200
        lag = await harness.client.get("/v1/lag")
        assert lag.status_code == 502, "never an incomplete figure"
    finally:
        harness.network.unavailable.clear()
    assert (await harness.client.get("/v1/opportunities")).status_code == 200


async def test_health_names_the_service_that_is_down(harness: GatewayHarness) -> None:
    port = management_port(harness.services["kpi"].settings, "kpi")
    harness.network.unavailable.add(port)
    try:
        response = await harness.client.get("/v1/health")
        assert response.status_code == 503 and response.json()["status"] == "degraded"
        assert response.json()["services"]["kpi"]["ready"] is False
        assert response.json()["services"]["pipeline"]["ready"] is True
    finally:
        harness.network.unavailable.clear()
    assert (await harness.client.get("/v1/health")).json()["status"] == "ready"


async def test_a_service_timeout_is_a_504(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def time_out(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too long", request=request)

    monkeypatch.setattr(harness.network, "handle_async_request", time_out)
    response = await harness.client.get("/v1/leads")
    assert (response.status_code, response.json()["code"]) == (504, "service_timeout")


async def test_a_body_over_the_limit_is_not_forwarded(harness: GatewayHarness) -> None:
    before = len(harness.network.requests)
    response = await harness.client.post("/v1/leads", content=b"x" * (1024 * 1024 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert len(harness.network.requests) == before


async def test_a_service_accepts_requests_of_the_gateway_only(harness: GatewayHarness) -> None:
    pipeline = harness.services["pipeline"]
    async with httpx.AsyncClient(transport=harness.network) as client:
        response = await client.get(f"http://127.0.0.1:{api_port(pipeline.settings, 'pipeline')}/v1/opportunities")
    assert response.status_code == 401 and response.headers["content-type"] == "application/problem+json"


# --- listening address -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("http", "address"), [
    ("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:9", ("::1", 9)), ("localhost:80", ("localhost", 80)),
    ("127.8.9.10:1", ("127.8.9.10", 1)), (":8080", ("127.0.0.1", 8080)),
])
def test_loopback_addresses_are_accepted(http: str, address: tuple[str, int]) -> None:
    assert listen_address(Settings(http=http)) == address


@pytest.mark.parametrize("http", ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "triptych.example:80", "127.0.0.1", "a:b",
                                  "127.0.0.1:65536", "127.0.0.1:-1", "", "localhost.example.org:80"])
def test_other_addresses_are_refused_without_sign_in(http: str) -> None:
    with pytest.raises(UnsafeAddress, match="TRIPTYCH_HTTP="):
        listen_address(Settings(http=http))
