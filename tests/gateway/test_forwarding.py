"""What the door passes on to services and back: headers, pages, conditions, keys; and what it says when one is away."""
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
    answer = await harness.client.post("/v1/opportunities", json=opening(id, **more))
    assert answer.status_code == 201, answer.text
    etag: str = answer.headers["etag"]
    return etag


# --- conditions and keys ---------------------------------------------------------------------------------------------


async def test_a_change_needs_the_etag_of_what_was_seen(harness: GatewayHarness) -> None:
    etag = await open_deal(harness, "etag")
    path, body = "/v1/opportunities/etag", {"amount": {"amount_minor": 200, "currency": "EUR"}}
    without = await harness.client.patch(path, json=body)
    assert (without.status_code, without.json()["code"]) == (428, "if_match_required")
    for wrong in ('"999"', '"abc"', "W/999"):
        stale = await harness.client.patch(path, json=body, headers={"If-Match": wrong})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale"), wrong
    changed = await harness.client.patch(path, json=body, headers={"If-Match": etag})
    assert changed.status_code == 200 and changed.headers["etag"] != etag
    assert (await harness.client.patch(path, json=body, headers={"If-Match": etag})).status_code == 412
    assert (await harness.client.get(path)).headers["etag"] == changed.headers["etag"]


async def test_a_request_with_a_key_counts_once_and_is_answered_alike(harness: GatewayHarness) -> None:
    once = {"Idempotency-Key": "key-1"}
    first = await harness.client.post("/v1/opportunities", json=opening("idem"), headers=once)
    again = await harness.client.post("/v1/opportunities", json=opening("idem"), headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() and again.headers["etag"] == first.headers["etag"]
    other = await harness.client.post("/v1/opportunities", json=opening("idem", rep_id="bo"), headers=once)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    bad = await harness.client.post("/v1/opportunities", json=opening("idem2"), headers={"Idempotency-Key": "x" * 129})
    assert bad.status_code == 422


async def test_the_same_request_ten_times_at_once_counts_once(harness: GatewayHarness) -> None:
    await open_deal(harness, "race")
    body, once = {"transition": "lose", "fields": {"loss_reason": "price"}}, {"Idempotency-Key": "race-1"}
    path = "/v1/opportunities/race/transitions"
    answers = await asyncio.gather(*(harness.client.post(path, json=body, headers=once) for _ in range(10)))
    assert {a.status_code for a in answers} <= {200, 409, 503}
    assert any(a.status_code == 200 for a in answers), [a.text for a in answers]
    history = (await harness.client.get("/v1/opportunities/race/history")).json()["items"]
    assert sum("lost" in str(row.get("type")) for row in history) == 1


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_a_list_is_walked_by_its_links_and_holds_everything_once(harness: GatewayHarness) -> None:
    wanted = [f"page-{n:02}" for n in range(7)]
    for id in wanted:
        await open_deal(harness, id, region="Walk")
    seen: list[str] = []
    url = "/v1/opportunities?limit=3&business_line=software"
    while url:
        answer = await harness.client.get(url)
        assert answer.status_code == 200 and len(answer.json()["items"]) <= 3
        seen += [i["opportunity_id"] for i in answer.json()["items"]]
        link = answer.links.get("next", {}).get("url", "")
        assert bool(link) == (answer.json()["next"] is not None)
        if link:
            assert httpx.URL(link).path == "/v1/opportunities", "the door's path, not the service's port"
            assert httpx.URL(link).params["business_line"] == "software"
        url = link
    assert len(seen) == len(set(seen)) and set(wanted) <= set(seen)


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/opportunities", "/v1/customers", "/v1/issues", "/v1/dead-letters",
                                  "/v1/definitions", "/v1/segments/lost/members", "/v1/kpis/visits"])
async def test_limits_and_cursors_of_others_are_refused_everywhere(path: str, harness: GatewayHarness) -> None:
    for limit in ("0", "501", "-1", "many"):
        answer = await harness.client.get(path, params={"limit": limit})
        assert answer.status_code == 422, f"{path}?limit={limit}: {answer.status_code}"
    for cursor in ("abc", "%00", encode_cursor({"a": 1}), "x" * 3000):
        answer = await harness.client.get(path, params={"cursor": cursor})
        assert answer.status_code < 500, f"{path}?cursor={cursor[:20]}: {answer.text}"
        assert answer.headers["content-type"].startswith("application/"), path


# --- the way there and back ------------------------------------------------------------------------------------------


async def test_odd_ids_reach_the_service_as_they_are(harness: GatewayHarness) -> None:
    for id in ("a.b:c-d_e", "x%20y", "ü", "a%2Fb"):
        answer = await harness.client.get(f"/v1/leads/{id}")
        assert answer.status_code in (400, 404, 422), f"{id}: {answer.status_code} {answer.text}"


async def test_a_service_that_is_away_is_a_502_that_says_try_again_and_others_answer(harness: GatewayHarness) -> None:
    port = api_port(harness.services["pipeline"].settings, "pipeline")
    harness.network.unavailable.add(port)
    try:
        away = await harness.client.get("/v1/opportunities")
        assert (away.status_code, away.json()["code"]) == (502, "service_unreachable")
        assert away.headers["retry-after"] == "1" and "pipeline" in away.json()["detail"]
        assert (await harness.client.get("/v1/leads")).status_code == 200
        whole = await harness.client.get("/v1/lag")
        assert whole.status_code == 502, "never a figure with a hole in it"
    finally:
        harness.network.unavailable.clear()
    assert (await harness.client.get("/v1/opportunities")).status_code == 200


async def test_health_names_the_service_that_is_down(harness: GatewayHarness) -> None:
    port = management_port(harness.services["kpi"].settings, "kpi")
    harness.network.unavailable.add(port)
    try:
        answer = await harness.client.get("/v1/health")
        assert answer.status_code == 503 and answer.json()["status"] == "degraded"
        assert answer.json()["services"]["kpi"]["ready"] is False
        assert answer.json()["services"]["pipeline"]["ready"] is True
    finally:
        harness.network.unavailable.clear()
    assert (await harness.client.get("/v1/health")).json()["status"] == "ready"


async def test_a_service_that_takes_too_long_is_a_504(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleepy(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too long", request=request)

    monkeypatch.setattr(harness.network, "handle_async_request", sleepy)
    answer = await harness.client.get("/v1/leads")
    assert (answer.status_code, answer.json()["code"]) == (504, "service_timeout")


async def test_a_body_that_is_too_large_stops_at_the_door(harness: GatewayHarness) -> None:
    before = len(harness.network.requests)
    answer = await harness.client.post("/v1/leads", content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert len(harness.network.requests) == before


async def test_a_service_answers_nobody_but_the_door(harness: GatewayHarness) -> None:
    pipeline = harness.services["pipeline"]
    async with httpx.AsyncClient(transport=harness.network) as stranger:
        answer = await stranger.get(f"http://127.0.0.1:{api_port(pipeline.settings, 'pipeline')}/v1/opportunities")
    assert answer.status_code == 401 and answer.headers["content-type"] == "application/problem+json"


# --- where it listens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("http", "place"), [
    ("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:9", ("::1", 9)), ("localhost:80", ("localhost", 80)),
    ("127.8.9.10:1", ("127.8.9.10", 1)), (":8080", ("127.0.0.1", 8080)),
])
def test_loopback_is_fine_as_it_is(http: str, place: tuple[str, int]) -> None:
    assert listen_address(Settings(http=http)) == place


@pytest.mark.parametrize("http", ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "triptych.example:80", "127.0.0.1", "a:b",
                                  "127.0.0.1:65536", "127.0.0.1:-1", "", "localhost.example.org:80"])
def test_anything_else_is_refused_without_a_sign_in(http: str) -> None:
    with pytest.raises(UnsafeAddress, match="TRIPTYCH_HTTP="):
        listen_address(Settings(http=http))
