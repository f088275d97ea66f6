"""Attacks on the gateway are refused: forged tokens, smuggled headers, cross-site requests, paths, bodies, exports."""
import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from chassis.http.access import EVERYTHING, HEADER, Access, IdentitySealer
from chassis.http.problems import ProblemError
from chassis.service.addresses import api_port
from services.gateway.auth import provider
from services.gateway.exports import cell
from services.gateway.middleware import request_policy
from tests.gateway.harness import GatewayHarness, gateway_harness
from tests.gateway.issuer import AUDIENCE, Issuer, running_issuer
from tests.gateway.scenarios import CONSOLE, company_harness, new_client, signed_in_as, status_and_code

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    """A gateway in developer mode with a company."""
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        yield running


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> AsyncIterator[GatewayHarness]:
    """A gateway with a provider: every request needs credentials."""
    async with gateway_harness("memory", tmp_path_factory.mktemp("guarded"), oidc_issuer=issuer.url,
                    oidc_audience=AUDIENCE) as running:
        yield running


async def me(harness: GatewayHarness, token: str) -> httpx.Response:
    async with new_client(harness, authorization=f"Bearer {token}") as program:
        return await program.get("/v1/me")


# --- tokens ----------------------------------------------------------------------------------------------------------


async def test_a_valid_token_gives_its_roles(guarded: GatewayHarness, issuer: Issuer):
    response = await me(guarded, issuer.token())
    assert response.status_code == 200, response.text
    caller = response.json()
    assert (caller["principal"], caller["mode"], caller["roles"]) == ("user:u-1", "oidc", ["director"])
    assert caller["scope"]["all"] is True
    assert "x-triptych-sign-in" not in response.headers


async def test_requests_without_credentials_are_rejected(guarded: GatewayHarness):
    response = await guarded.client.get("/v1/opportunities")
    assert status_and_code(response) == (401, "not_signed_in")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert status_and_code(await guarded.client.post("/v1/sign-in/developer", json={"role": "admin"})) == (404,
                                                                                                           "not_found")


MISSING = [{"exp": None}, {"iat": None}, {"iss": None}, {"aud": None}, {"sub": None}, {"sub": ""}]
WRONG = [
    {"iss": "https://elsewhere.test"}, {"aud": "another-service"}, {"exp": 1_000_000_000}, {"exp": "soon"},
    {"iat": 32_503_680_000, "exp": 32_503_680_600}, {"nbf": 32_503_680_000}, {"sub": 7}, {"exp": 32_503_680_000},
    {"nonce": "n"}, {"at_hash": "h"},
]


@pytest.mark.parametrize("change", [*MISSING, *WRONG], ids=json.dumps)
async def test_a_token_with_a_missing_or_invalid_claim_is_rejected(
    guarded: GatewayHarness, issuer: Issuer, change: Any,
):
    if change.get("exp") == "soon":
        payload = issuer.claims() | change
        token = sign_without_checks(issuer, {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}, payload)
    else:
        token = issuer.token(**change)
    assert status_and_code(await me(guarded, token)) == (401, "bad_credentials")


@pytest.mark.parametrize("kind", ["JWT", "", "id+jwt", "logout+jwt"])
async def test_an_id_token_is_rejected_as_access_token(guarded: GatewayHarness, issuer: Issuer, kind: str):
    assert status_and_code(await me(guarded, issuer.token(headers={"typ": kind}))) == (401, "bad_credentials")


async def test_an_unsigned_token_is_refused(guarded: GatewayHarness, issuer: Issuer):
    for algorithm in ("none", "None", "NONE"):
        token = f"{encoded({'alg': algorithm, 'typ': 'at+jwt', 'kid': 'k1'})}.{encoded(issuer.claims())}."
        assert status_and_code(await me(guarded, token)) == (401, "bad_credentials")


async def test_a_token_signed_with_the_public_key_as_secret_is_rejected(guarded: GatewayHarness, issuer: Issuer):
    """HS256 with the bytes of the public key, which is not secret."""
    for secret in (issuer.public_pem("k1"), json.dumps(issuer.jwks()["keys"][0]).encode()):
        head = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'k1'})}.{encoded(issuer.claims())}"
        signature = base64.urlsafe_b64encode(hmac.digest(secret, head.encode(), "sha256")).decode().rstrip("=")
        assert status_and_code(await me(guarded, f"{head}.{signature}")) == (401, "bad_credentials")


async def test_key_locations_named_by_a_token_are_ignored(
    guarded: GatewayHarness, issuer: Issuer,
):
    with running_issuer() as attacker:
        for pointer in ({}, {"jku": f"{attacker.url}/keys"}, {"x5u": f"{attacker.url}/keys"},
                        {"jwk": attacker.jwks()["keys"][0]}):
            token = attacker.token(iss=issuer.url, headers=pointer)
            assert status_and_code(await me(guarded, token)) == (401, "bad_credentials")
        assert attacker.requests.total() == 0


async def test_a_modified_token_is_rejected_despite_the_cache(
    guarded: GatewayHarness, issuer: Issuer,
):
    good = issuer.token()
    assert (await me(guarded, good)).status_code == 200
    head, _, signature = good.split(".")
    forged = f"{head}.{encoded(issuer.claims(roles=['admin']))}.{signature}"
    assert status_and_code(await me(guarded, forged)) == (401, "bad_credentials")


async def test_unknown_key_ids_refresh_the_keys_once_a_minute(
    guarded: GatewayHarness, issuer: Issuer, monkeypatch: pytest.MonkeyPatch,
):
    assert (await me(guarded, issuer.token())).status_code == 200
    monkeypatch.setattr(guarded.gateway.provider, "_refreshed_at", -provider.UNKNOWN_KEY_SECONDS)
    before = issuer.requests["/keys"]
    tokens = [issuer.token(headers={"kid": f"unknown-{i}"}) for i in range(30)]
    responses = await asyncio.gather(*(me(guarded, token) for token in tokens))
    assert {status_and_code(a) for a in responses} == {(401, "bad_credentials")}
    assert issuer.requests["/keys"] == before + 1
    assert (await me(guarded, issuer.token(sub="u-2"))).status_code == 200  # the known keys are still accepted


async def test_a_rotated_key_is_fetched_and_kept_while_the_provider_is_down(
    guarded: GatewayHarness, issuer: Issuer, monkeypatch: pytest.MonkeyPatch,
):
    issuer.add_key("k2")
    monkeypatch.setattr(guarded.gateway.provider, "_refreshed_at", -provider.UNKNOWN_KEY_SECONDS)
    assert (await me(guarded, issuer.token(kid="k2", sub="u-3"))).status_code == 200
    issuer.unavailable = True
    try:
        with pytest.raises(provider.ProviderUnavailable):
            await guarded.gateway.provider.refresh()
        assert (await me(guarded, issuer.token(kid="k2", sub="u-4"))).status_code == 200
        assert (await me(guarded, issuer.token(kid="k1", sub="u-5"))).status_code == 200
    finally:
        issuer.unavailable = False


@pytest.mark.parametrize("value", [
    "Bearer " + "x" * 9000, "Bearer", "Basic dTpw", "Bearer a.b", "Bearer tk_0123456789abcdef_" + "A" * 43, "Bearer é",
])
async def test_invalid_credentials_never_become_an_anonymous_caller(
    guarded: GatewayHarness, harness: GatewayHarness, value: str,
):
    for gateway in (guarded, harness):
        async with new_client(gateway) as program:
            response = await program.get("/v1/me", headers={"authorization": value.encode()})
        assert response.status_code == 401


async def test_failed_authentication_is_rate_limited_per_address(guarded: GatewayHarness, issuer: Issuer):
    async with new_client(guarded, address="10.1.1.1",
                          authorization="Bearer tk_0123456789abcdef_" + "A" * 43) as program:
        responses = [(await program.get("/v1/me")).status_code for _ in range(65)]
        assert responses[:50] == [401] * 50 and responses[-1] == 429
        assert "retry-after" in (await program.get("/v1/me")).headers
    async with new_client(guarded, address="10.1.1.1", authorization=f"Bearer {issuer.token()}") as neighbour:
        assert (await neighbour.get("/v1/me")).status_code == 200


# --- internal headers, ports, paths, hosts ---------------------------------------------------------------------------


async def test_internal_headers_of_clients_are_ignored(harness: GatewayHarness):
    seal = IdentitySealer([b"a guess"]).seal(Access("boss", EVERYTHING), "pipeline", "GET", "/v1/opportunities")
    smuggled = {HEADER: seal, "x-triptych-principal": "boss", "x-forwarded-path": "/v1/secret",
                "X-Triptych-Access": seal, "forwarded": "for=10.0.0.1"}
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        response = await anna.get("/v1/opportunities?limit=1", headers=smuggled)
        assert [i["opportunity_id"] for i in response.json()["items"]] == ["deal-anna"]
        assert "secret" not in response.headers.get("link", "")
        sent = [r for r in harness.network.requests if r.url.path == "/v1/opportunities"][-1]
        assert sent.headers[HEADER] != seal and "x-triptych-principal" not in sent.headers


@pytest.mark.parametrize("service", ["lead_scoring", "pipeline", "segmentation", "surveys", "kpi"])
async def test_an_internal_port_rejects_requests_without_a_valid_seal(harness: GatewayHarness, service: str):
    port = api_port(harness.gateway.settings, service)
    paths = {"lead_scoring": "/v1/leads", "pipeline": "/v1/opportunities", "segmentation": "/v1/customers",
             "surveys": "/v1/issues", "kpi": "/v1/kpis"}
    real = harness.gateway.proxy.sealer
    other = IdentitySealer([b"a guess"])
    access = Access("boss", EVERYTHING)
    seals = [
        "", "x", "x.y", other.seal(access, service, "GET", paths[service]),
        real.seal(access, "another", "GET", paths[service]), real.seal(access, service, "POST", paths[service]),
        real.seal(access, service, "GET", "/v1/other"), real.seal(access, service, "GET", paths[service], now=1.0),
        real.seal(access, service, "GET", paths[service])[:-1],
    ]
    async with httpx.AsyncClient(transport=harness.network, base_url=f"http://127.0.0.1:{port}") as direct:
        for seal in seals:
            response = await direct.get(paths[service], headers={HEADER: seal} if seal else {})
            assert status_and_code(response) == (401, "not_from_the_gateway")
        assert status_and_code(await direct.get("/openapi.json")) == (401, "not_from_the_gateway")
        good = await direct.get(
            paths[service], headers={HEADER: real.seal(access, service, "GET", paths[service])})
        assert good.status_code == 200


@pytest.mark.parametrize("path", [
    "//v1/opportunities", "/v1//opportunities", "/v1/%2e%2e/v1/lag", "/v1/../v1/lag", "/v1/opportunities/%2e%2e",
    "/v1/opportunities/..", "/v1/opportunities%2fdeal-cleo", "/v1/opportunities/..%2f..%2fv1%2flag", "/v1/lag%00",
    "/v1\\lag", "/v1/lag;a=b", "/v1/%252e%252e/lag", "/./v1/lag", "/v1/lag%0a",
])
async def test_paths_that_are_not_normalised_are_rejected(harness: GatewayHarness, path: str):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        cookie = "; ".join(f"{k}={v}" for k, v in anna.cookies.items())
    assert await status_of(harness, path, cookie) == 400


async def test_no_header_changes_the_method(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        for header in ("x-http-method-override", "x-http-method", "x-method-override"):
            response = await anna.get("/v1/opportunities/deal-anna", headers={header: "PATCH"})
            assert (response.status_code, response.json()["opportunity_id"]) == (200, "deal-anna")
        for method in ("TRACE", "CONNECT", "PROPFIND", "OPTIONS"):
            assert (await anna.request(method, "/v1/opportunities")).status_code == 405
        assert status_and_code(await anna.delete("/v1/opportunities/deal-anna")) == (405, "method_not_allowed")


async def test_foreign_host_names_are_rejected(harness: GatewayHarness):
    async with new_client(harness, host="evil.test") as browser:
        assert status_and_code(await browser.get("/v1/opportunities")) == (421, "wrong_host")
    for host in ("localhost:8080", "127.0.0.1:9", "[::1]:8080"):
        async with new_client(harness, host=host) as browser:
            assert (await browser.get("/v1/me")).status_code == 200


# --- cross-site requests ---------------------------------------------------------------------------------------------

NEW_DEAL = {"business_line": "hardware"}
FOREIGN = [{"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
           {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1:1"}]


@pytest.mark.parametrize("headers", FOREIGN, ids=json.dumps)
async def test_cross_site_writes_with_a_cookie_are_rejected(harness: GatewayHarness, headers: dict[str, str]):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        response = await anna.post("/v1/opportunities", json=NEW_DEAL, headers=headers)
        assert status_and_code(response) == (403, "cross_site")
        del anna.headers["x-triptych"]
        response = await anna.post("/v1/opportunities", json=NEW_DEAL, headers=headers)
        assert status_and_code(response) == (403, "cross_site")


async def test_cross_site_writes_in_developer_mode_are_rejected(harness: GatewayHarness):
    for headers in FOREIGN:
        response = await harness.client.post("/v1/opportunities", json=NEW_DEAL, headers=headers)
        assert status_and_code(response) == (403, "cross_site")
        response = await harness.client.post("/v1/sign-in/developer", json={"role": "admin"}, headers=headers)
        assert status_and_code(response) == (403, "cross_site")


async def test_a_cookie_needs_a_same_origin_proof_for_writes(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        del anna.headers["x-triptych"]
        assert status_and_code(await anna.post("/v1/opportunities", json=NEW_DEAL)) == (403, "cross_site")
        own = {"origin": str(anna.base_url).rstrip("/")}
        for headers in (CONSOLE, own, {"sec-fetch-site": "same-origin"}):
            assert (await anna.post("/v1/opportunities", json=NEW_DEAL, headers=headers)).status_code == 201


async def test_form_media_types_are_rejected(harness: GatewayHarness):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        response = await harness.client.post("/v1/opportunities", content=json.dumps(NEW_DEAL),
                                           headers={"content-type": kind})
        assert status_and_code(response) == (415, "unsupported_media_type")


# --- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"b":[{"x":'])
async def test_deeply_nested_json_is_rejected(harness: GatewayHarness, opening: str):
    deep = opening * 5000
    for path in ("/v1/events", "/v1/opportunities"):
        response = await harness.client.post(path, content=deep, headers={"content-type": "application/json"})
        assert status_and_code(response) == (400, "too_deep")


async def test_brackets_in_strings_do_not_count_as_nesting(harness: GatewayHarness):
    body = {"business_line": "hardware", "region": "[{" * 200}
    assert (await harness.client.post("/v1/opportunities", json=body)).status_code == 201


@pytest.mark.timeout(60)  # backtracking at each quote takes hours
@pytest.mark.parametrize("end", [b"", b"\\", b'"', b'\\"'])
def test_nesting_check_is_linear_for_any_quotes(end: bytes):
    """Escaped quotes that never close: a pattern with backtracking would start again at each of them."""
    body = b"{" * 40 + b'"' + b'\\"' * 1_000_000 + end
    with pytest.raises(ProblemError, match="32 levels"):
        request_policy.check_depth(body)
    request_policy.check_depth(b'["' + b"[" * 1000 + b'\\"' + b"{" * 1000 + b'"]')


async def test_a_body_over_the_limit_is_rejected_with_and_without_content_length(harness: GatewayHarness):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    response = await harness.client.post("/v1/opportunities", content=endless(), headers=headers)
    assert status_and_code(response) == (413, "too_large")
    response = await harness.client.post("/v1/opportunities", content=b"{}", headers={**headers,
                                                                                    "content-length": "99999999"})
    assert status_and_code(response) == (413, "too_large")


async def test_a_slow_body_times_out(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_policy, "BODY_SECONDS", 0.2)

    async def slow_body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" "
            await asyncio.sleep(0.05)

    response = await harness.client.post("/v1/opportunities", content=slow_body(),
                                       headers={"content-type": "application/json"})
    assert status_and_code(response) == (408, "too_slow")


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, {"$where": "1"}, ["x"], {"$regex": ".*"}])
async def test_store_operators_are_rejected_as_values(harness: GatewayHarness, value: Any):
    for field in ("business_line", "rep_id", "opportunity_id", "region"):
        response = await harness.client.post("/v1/opportunities", json={"business_line": "hardware", field: value})
        assert response.status_code == 422, f"{field}: {response.text}"


async def test_store_operators_in_a_query_are_text(harness: GatewayHarness):
    for query in ("rep_id[$ne]=x", "rep_id={\"$ne\":null}", "status[$gt]=", "sort=$where"):
        response = await harness.client.get(f"/v1/opportunities?{query}")
        assert response.status_code in (200, 400, 422)
        if response.status_code == 200 and query.startswith("rep_id={"):
            assert response.json()["items"] == []


# --- exports ---------------------------------------------------------------------------------------------------------

FORMULAS = ["=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_cells_never_start_a_formula(text: str):
    assert cell(text) == "'" + text


async def test_exported_names_are_not_formulas(harness: GatewayHarness):
    name = '=cmd|\' /C calc\'!A0","=1+1\r\n=2'
    response = await harness.publish({
        "specversion": "1.0", "type": "crm.customer.registered.v1", "source": "/x", "id": "evil",
        "time": "2026-01-01T00:00:00Z", "data": {"customer_id": "evil", "name": name}})
    assert response.status_code == 202
    exported = await harness.client.get("/v1/customers?limit=500", headers={"accept": "text/csv"})
    assert exported.headers["content-type"].startswith("text/csv")
    assert exported.headers["content-disposition"] == 'attachment; filename="export.csv"'
    import csv
    import io

    rows = list(csv.reader(io.StringIO(exported.text, newline="")))
    assert "'" + name in [value for row in rows for value in row]
    assert not [v for row in rows for v in row if v.startswith(("=", "+", "@"))]
    assert len({len(row) for row in rows}) == 1


# --- helpers ---------------------------------------------------------------------------------------------------------


async def status_of(harness: GatewayHarness, path: str, cookie: str) -> int:
    """Status of a GET with exactly this path: HTTP clients would normalise it."""
    decoded = unquote(path)
    headers = [(b"host", b"127.0.0.1:8080"), (b"cookie", cookie.encode())]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
             "path": decoded, "raw_path": path.encode(), "query_string": b"", "headers": headers,
             "client": ("127.0.0.9", 1), "server": ("127.0.0.1", 8080), "root_path": ""}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await harness.gateway.asgi(scope, receive, send)
    return int(sent[0]["status"])


def encoded(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def sign_without_checks(issuer: Issuer, header: dict[str, Any], payload: dict[str, Any]) -> str:
    """A token with claims that a library would refuse to sign."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    head = f"{encoded(header)}.{encoded(payload)}"
    r, s = decode_dss_signature(issuer.keys["k1"].sign(head.encode(), ec.ECDSA(hashes.SHA256())))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{head}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"
