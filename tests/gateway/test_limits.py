"""Rate limits, timeouts, page sizes and security headers."""
import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from chassis.support.clock import utc_now
from services.gateway.middleware import request_middleware
from services.gateway.middleware.rate_limit import MAX_BUCKETS, TokenBuckets
from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import company_harness, new_client, signed_in_as, status_and_code

pytestmark = pytest.mark.slow

LIMIT = 30


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness"), rate_limit=LIMIT) as running:
        yield running


async def test_every_response_has_the_remaining_rate_limit(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="bert") as bert:
        first, second = await bert.get("/v1/me"), await bert.get("/v1/me")
    assert first.headers["ratelimit-policy"] == f'"caller";q={LIMIT};w=60'
    remaining = [int(re.search(r"r=(\d+)", a.headers["ratelimit"])[1]) for a in (first, second)]
    assert remaining == [LIMIT - 1, LIMIT - 2]


async def test_a_caller_over_the_rate_limit_does_not_affect_others(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna, signed_in_as(harness, "rep", rep_id="cleo") as cleo:
        responses = [await anna.get("/v1/me") for _ in range(LIMIT + 5)]
        assert [a.status_code for a in responses[:LIMIT]] == [200] * LIMIT
        assert status_and_code(responses[-1]) == (429, "too_many_requests")
        assert 1 <= int(responses[-1].headers["retry-after"]) <= 60 and "r=0" in responses[-1].headers["ratelimit"]
        assert (await cleo.get("/v1/me")).status_code == 200
        async with signed_in_as(harness, "rep", rep_id="anna") as again:  # another session of the same person
            assert (await again.get("/v1/me")).status_code == 429


async def test_anonymous_requests_are_limited_by_address(harness: GatewayHarness):
    async with new_client(harness, address="10.0.0.1") as one, new_client(harness, address="10.0.0.2") as other:
        responses = [(await one.get("/v1/sign-in")).status_code for _ in range(LIMIT + 1)]
        assert responses == [200] * LIMIT + [429]
        assert (await other.get("/v1/sign-in")).status_code == 200


def test_a_bucket_refills_up_to_its_limit():
    now = [0.0]
    buckets = TokenBuckets(60, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(61)] == [True] * 60 + [False]
    now[0] = 2.0
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]
    now[0] = 1000.0
    assert buckets.remaining("a") == 60 and buckets.headers("a")["RateLimit"] == '"caller";r=60;t=0'


def test_the_number_of_buckets_is_bounded():
    buckets = TokenBuckets(10, clock=lambda: 0.0)
    for i in range(MAX_BUCKETS + 50):
        buckets.take(f"caller-{i}")
    assert len(buckets._buckets) == MAX_BUCKETS


async def test_a_hanging_service_times_out(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_middleware, "RESPONSE_SECONDS", 0.2)

    async def hanging(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        raise AssertionError("the gateway waited for the service")

    monkeypatch.setattr(harness.network, "handle_async_request", hanging)
    async with signed_in_as(harness, "director") as director:
        assert status_and_code(await director.get("/v1/opportunities")) == (504, "too_slow")


async def test_an_internal_error_reveals_no_details(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    async def broken(request: httpx.Request) -> httpx.Response:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(harness.network, "handle_async_request", broken)
    async with signed_in_as(harness, "director") as director:
        with capture_logs() as logs:
            response = await director.get("/v1/opportunities")
    assert status_and_code(response) == (500, "internal") and "secret" not in response.text
    assert [(entry["event"], entry["path"]) for entry in logs if entry["log_level"] == "error"] == [
        ("request failed", "/v1/opportunities")]


async def test_pages_are_bounded(harness: GatewayHarness):
    async with signed_in_as(harness, "marketer") as browser:
        assert (await browser.get("/v1/leads?limit=501")).status_code == 422
        assert (await browser.get("/v1/customers?limit=0")).status_code == 422
        assert (await browser.get("/v1/search?q=")).status_code == 422
        assert (await browser.get("/v1/search?q=" + "x" * 129)).status_code == 422
        assert status_and_code(await browser.get("/v1/leads?q=" + "x" * 9000)) == (414, "too_long")


async def test_every_response_has_security_headers(harness: GatewayHarness):
    async with signed_in_as(harness, "admin") as browser:
        for path in ("/v1/me", "/v1/nothing", "/openapi.json", "/v1/opportunities"):
            headers = (await browser.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] in ("no-referrer", "same-origin")
            assert not path.startswith("/v1") or headers["cache-control"] == "no-store"


async def test_lists_filter_by_updated_since(harness: GatewayHarness):
    """Systems of record synchronise with this filter."""
    async with signed_in_as(harness, "admin") as browser:
        now = utc_now()
        for path, name in (("/v1/leads", "lead_id"), ("/v1/customers", "customer_id"),
                           ("/v1/opportunities", "opportunity_id")):
            for since, expected in ((now - timedelta(days=1), 2), (now + timedelta(days=1), 0)):
                response = await browser.get(path, params={"updated_since": since.isoformat()})
                assert len({i[name] for i in response.json()["items"]}) == expected, path
            assert status_and_code(await browser.get(path, params={"updated_since": "yesterday"})) == (422, "invalid")
        assert (await browser.get("/v1/issues", params={"updated_since": now.isoformat()})).json()["items"] == []
