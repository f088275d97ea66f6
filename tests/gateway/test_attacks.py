"""Each attack on the door, tried and refused: forged tokens, smuggled headers, other sites, paths, bodies."""
import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from chassis.http.access import EVERYTHING, HEADER, Access, Seal
from chassis.http.routing import Problem
from services.gateway.auth import provider
from services.gateway.exports import cell
from services.gateway.middleware import request_policy
from tests.gateway.issuer import AUDIENCE, Issuer, issuing
from tests.gateway.scenes import CONSOLE, client, code, looking, peopled
from tests.gateway.town import Town, town

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A developer's door, with a company behind it."""
    async with peopled(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> AsyncIterator[Town]:
    """A door with a provider: nobody is let in without credentials."""
    async with town("memory", tmp_path_factory.mktemp("guarded"), oidc_issuer=issuer.url,
                    oidc_audience=AUDIENCE) as made:
        yield made


async def me(made: Town, token: str) -> httpx.Response:
    async with client(made, authorization=f"Bearer {token}") as program:
        return await program.get("/v1/me")


# --- tokens ----------------------------------------------------------------------------------------------------------


async def test_a_good_token_is_let_in_with_its_roles(guarded: Town, issuer: Issuer):
    answer = await me(guarded, issuer.token())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["principal"], told["mode"], told["roles"]) == ("user:u-1", "oidc", ["director"])
    assert told["scope"]["all"] is True
    assert "x-triptych-sign-in" not in answer.headers


async def test_nobody_is_let_in_without_a_credential(guarded: Town):
    answer = await guarded.door.get("/v1/opportunities")
    assert code(answer) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert code(await guarded.door.post("/v1/sign-in/developer", json={"role": "admin"})) == (404, "not_found")


MISSING = [{"exp": None}, {"iat": None}, {"iss": None}, {"aud": None}, {"sub": None}, {"sub": ""}]
WRONG = [
    {"iss": "https://elsewhere.test"}, {"aud": "another-service"}, {"exp": 1_000_000_000}, {"exp": "soon"},
    {"iat": 32_503_680_000, "exp": 32_503_680_600}, {"nbf": 32_503_680_000}, {"sub": 7}, {"exp": 32_503_680_000},
    {"nonce": "n"}, {"at_hash": "h"},
]


@pytest.mark.parametrize("change", [*MISSING, *WRONG], ids=json.dumps)
async def test_a_token_that_lacks_or_misstates_a_claim_is_refused(guarded: Town, issuer: Issuer, change: Any):
    if change.get("exp") == "soon":
        payload = issuer.claims() | change
        token = signed_by_hand(issuer, {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}, payload)
    else:
        token = issuer.token(**change)
    assert code(await me(guarded, token)) == (401, "bad_credentials")


@pytest.mark.parametrize("kind", ["JWT", "", "id+jwt", "logout+jwt"])
async def test_an_id_token_is_no_access_token(guarded: Town, issuer: Issuer, kind: str):
    assert code(await me(guarded, issuer.token(headers={"typ": kind}))) == (401, "bad_credentials")


async def test_an_unsigned_token_is_refused(guarded: Town, issuer: Issuer):
    for algorithm in ("none", "None", "NONE"):
        token = f"{part({'alg': algorithm, 'typ': 'at+jwt', 'kid': 'k1'})}.{part(issuer.claims())}."
        assert code(await me(guarded, token)) == (401, "bad_credentials")


async def test_a_public_key_is_no_password(guarded: Town, issuer: Issuer):
    """HS256 under the bytes of the public key, which everybody knows."""
    for secret in (issuer.public_pem("k1"), json.dumps(issuer.jwks()["keys"][0]).encode()):
        head = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'k1'})}.{part(issuer.claims())}"
        signature = base64.urlsafe_b64encode(hmac.digest(secret, head.encode(), "sha256")).decode().rstrip("=")
        assert code(await me(guarded, f"{head}.{signature}")) == (401, "bad_credentials")


async def test_another_ones_key_is_not_the_providers_whatever_the_token_says_of_where_to_find_it(
    guarded: Town, issuer: Issuer,
):
    with issuing() as thief:
        for pointer in ({}, {"jku": f"{thief.url}/keys"}, {"x5u": f"{thief.url}/keys"},
                        {"jwk": thief.jwks()["keys"][0]}):
            token = thief.token(iss=issuer.url, headers=pointer)
            assert code(await me(guarded, token)) == (401, "bad_credentials")
        assert thief.asked.total() == 0


async def test_a_changed_token_is_refused_though_the_good_one_was_just_accepted(guarded: Town, issuer: Issuer):
    good = issuer.token()
    assert (await me(guarded, good)).status_code == 200
    head, _, signature = good.split(".")
    forged = f"{head}.{part(issuer.claims(roles=['admin']))}.{signature}"
    assert code(await me(guarded, forged)) == (401, "bad_credentials")


async def test_a_flood_of_unknown_keys_asks_the_provider_once_a_minute(
    guarded: Town, issuer: Issuer, monkeypatch: pytest.MonkeyPatch,
):
    assert (await me(guarded, issuer.token())).status_code == 200
    monkeypatch.setattr(guarded.app.state.door.provider, "_looked_at", -provider.UNKNOWN_EVERY)
    before = issuer.asked["/keys"]
    tokens = [issuer.token(headers={"kid": f"unknown-{i}"}) for i in range(30)]
    answers = await asyncio.gather(*(me(guarded, token) for token in tokens))
    assert {code(a) for a in answers} == {(401, "bad_credentials")}
    assert issuer.asked["/keys"] == before + 1
    assert (await me(guarded, issuer.token(sub="u-2"))).status_code == 200  # the keys we had are still there


async def test_a_new_key_is_found_and_kept_while_the_provider_is_away(
    guarded: Town, issuer: Issuer, monkeypatch: pytest.MonkeyPatch,
):
    issuer.add_key("k2")
    monkeypatch.setattr(guarded.app.state.door.provider, "_looked_at", -provider.UNKNOWN_EVERY)
    assert (await me(guarded, issuer.token(kid="k2", sub="u-3"))).status_code == 200
    issuer.away = True
    try:
        with pytest.raises(provider.ProviderUnavailable):
            await guarded.app.state.door.provider.refresh()
        assert (await me(guarded, issuer.token(kid="k2", sub="u-4"))).status_code == 200
        assert (await me(guarded, issuer.token(kid="k1", sub="u-5"))).status_code == 200
    finally:
        issuer.away = False


@pytest.mark.parametrize("value", [
    "Bearer " + "x" * 9000, "Bearer", "Basic dTpw", "Bearer a.b", "Bearer tk_0123456789abcdef_" + "A" * 43, "Bearer é",
])
async def test_what_is_no_credential_is_refused_and_not_taken_for_none(guarded: Town, home: Town, value: str):
    for made in (guarded, home):
        async with client(made) as program:
            answer = await program.get("/v1/me", headers={"authorization": value.encode()})
        assert answer.status_code == 401


async def test_guessing_is_slowed_down_and_locks_nobody_else_out(guarded: Town, issuer: Issuer):
    async with client(guarded, address="10.1.1.1", authorization="Bearer tk_0123456789abcdef_" + "A" * 43) as program:
        answers = [(await program.get("/v1/me")).status_code for _ in range(65)]
        assert answers[:50] == [401] * 50 and answers[-1] == 429
        assert "retry-after" in (await program.get("/v1/me")).headers
    async with client(guarded, address="10.1.1.1", authorization=f"Bearer {issuer.token()}") as neighbour:
        assert (await neighbour.get("/v1/me")).status_code == 200


# --- around the door -------------------------------------------------------------------------------------------------


async def test_headers_by_which_we_speak_among_ourselves_mean_nothing_from_outside(home: Town):
    seal = Seal([b"a guess"]).close(Access("boss", EVERYTHING), "pipeline", "GET", "/v1/opportunities")
    smuggled = {HEADER: seal, "x-triptych-principal": "boss", "x-forwarded-path": "/v1/secret",
                "X-Triptych-Access": seal, "forwarded": "for=10.0.0.1"}
    async with looking(home, "rep", rep_id="anna") as anna:
        answer = await anna.get("/v1/opportunities?limit=1", headers=smuggled)
        assert [i["opportunity_id"] for i in answer.json()["items"]] == ["deal-anna"]
        assert "secret" not in answer.headers.get("link", "")
        sent = [r for r in home.streets.asked if r.url.path == "/v1/opportunities"][-1]
        assert sent.headers[HEADER] != seal and "x-triptych-principal" not in sent.headers


@pytest.mark.parametrize("service", ["lead_scoring", "pipeline", "segmentation", "surveys", "kpi"])
async def test_a_services_own_port_is_no_way_around(home: Town, service: str):
    port = home.app.state.door.settings.port(service)
    paths = {"lead_scoring": "/v1/leads", "pipeline": "/v1/opportunities", "segmentation": "/v1/customers",
             "surveys": "/v1/issues", "kpi": "/v1/kpis"}
    real = home.app.state.door.proxy.seal
    other = Seal([b"a guess"])
    access = Access("boss", EVERYTHING)
    seals = [
        "", "x", "x.y", other.close(access, service, "GET", paths[service]),
        real.close(access, "another", "GET", paths[service]), real.close(access, service, "POST", paths[service]),
        real.close(access, service, "GET", "/v1/other"), real.close(access, service, "GET", paths[service], now=1.0),
        real.close(access, service, "GET", paths[service])[:-1],
    ]
    async with httpx.AsyncClient(transport=home.streets, base_url=f"http://127.0.0.1:{port}") as direct:
        for seal in seals:
            answer = await direct.get(paths[service], headers={HEADER: seal} if seal else {})
            assert code(answer) == (401, "not_from_the_gateway")
        assert code(await direct.get("/openapi.json")) == (401, "not_from_the_gateway")
        good = await direct.get(
            paths[service], headers={HEADER: real.close(access, service, "GET", paths[service])})
        assert good.status_code == 200


@pytest.mark.parametrize("path", [
    "//v1/opportunities", "/v1//opportunities", "/v1/%2e%2e/v1/lag", "/v1/../v1/lag", "/v1/opportunities/%2e%2e",
    "/v1/opportunities/..", "/v1/opportunities%2fdeal-cleo", "/v1/opportunities/..%2f..%2fv1%2flag", "/v1/lag%00",
    "/v1\\lag", "/v1/lag;a=b", "/v1/%252e%252e/lag", "/./v1/lag", "/v1/lag%0a",
])
async def test_a_path_has_one_form(home: Town, path: str):
    async with looking(home, "rep", rep_id="anna") as anna:
        cookie = "; ".join(f"{k}={v}" for k, v in anna.cookies.items())
    assert await status_of(home, path, cookie) == 400


async def test_no_header_changes_the_method(home: Town):
    async with looking(home, "rep", rep_id="anna") as anna:
        for header in ("x-http-method-override", "x-http-method", "x-method-override"):
            answer = await anna.get("/v1/opportunities/deal-anna", headers={header: "PATCH"})
            assert (answer.status_code, answer.json()["opportunity_id"]) == (200, "deal-anna")
        for method in ("TRACE", "CONNECT", "PROPFIND", "OPTIONS"):
            assert (await anna.request(method, "/v1/opportunities")).status_code == 405
        assert code(await anna.delete("/v1/opportunities/deal-anna")) == (405, "method_not_allowed")


async def test_a_name_that_another_site_gave_this_machine_is_not_answered(home: Town):
    async with client(home, host="evil.test") as browser:
        assert code(await browser.get("/v1/opportunities")) == (421, "wrong_host")
    for host in ("localhost:8080", "127.0.0.1:9", "[::1]:8080"):
        async with client(home, host=host) as browser:
            assert (await browser.get("/v1/me")).status_code == 200


# --- other sites -----------------------------------------------------------------------------------------------------

MOVE = {"business_line": "hardware"}
FOREIGN = [{"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
           {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1:1"}]


@pytest.mark.parametrize("headers", FOREIGN, ids=json.dumps)
async def test_another_site_cannot_write_with_somebodys_cookie(home: Town, headers: dict[str, str]):
    async with looking(home, "rep", rep_id="anna") as anna:
        answer = await anna.post("/v1/opportunities", json=MOVE, headers=headers)
        assert code(answer) == (403, "cross_site")
        del anna.headers["x-triptych"]
        assert code(await anna.post("/v1/opportunities", json=MOVE, headers=headers)) == (403, "cross_site")


async def test_another_site_cannot_write_through_the_developers_open_door(home: Town):
    for headers in FOREIGN:
        assert code(await home.door.post("/v1/opportunities", json=MOVE, headers=headers)) == (403, "cross_site")
        answer = await home.door.post("/v1/sign-in/developer", json={"role": "admin"}, headers=headers)
        assert code(answer) == (403, "cross_site")


async def test_a_cookie_alone_writes_nothing_and_our_own_page_may(home: Town):
    async with looking(home, "rep", rep_id="anna") as anna:
        del anna.headers["x-triptych"]
        assert code(await anna.post("/v1/opportunities", json=MOVE)) == (403, "cross_site")
        own = {"origin": str(anna.base_url).rstrip("/")}
        for headers in (CONSOLE, own, {"sec-fetch-site": "same-origin"}):
            assert (await anna.post("/v1/opportunities", json=MOVE, headers=headers)).status_code == 201


async def test_what_a_form_can_send_is_read_by_no_route(home: Town):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await home.door.post("/v1/opportunities", content=json.dumps(MOVE), headers={"content-type": kind})
        assert code(answer) == (415, "unsupported_media_type")


# --- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"b":[{"x":'])
async def test_json_that_is_too_deep_is_not_walked(home: Town, opening: str):
    deep = opening * 5000
    for path in ("/v1/events", "/v1/opportunities"):
        answer = await home.door.post(path, content=deep, headers={"content-type": "application/json"})
        assert code(answer) == (400, "too_deep")


async def test_brackets_in_a_text_are_not_depth(home: Town):
    body = {"business_line": "hardware", "region": "[{" * 200}
    assert (await home.door.post("/v1/opportunities", json=body)).status_code == 201


@pytest.mark.parametrize("end", [b"", b"\\", b'"', b'\\"'])
def test_depth_is_found_in_one_pass_whatever_the_quotes(end: bytes):
    """Quotes that open and never close, each of them escaped: a careless pattern would try every one of them anew."""
    body = b"{" * 40 + b'"' + b'\\"' * 1_000_000 + end
    began = time.perf_counter()
    with pytest.raises(Problem, match="32 levels"):
        request_policy.check_depth(body)
    assert time.perf_counter() - began < 2
    request_policy.check_depth(b'["' + b"[" * 1000 + b'\\"' + b"{" * 1000 + b'"]')


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(home: Town):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    answer = await home.door.post("/v1/opportunities", content=endless(), headers=headers)
    assert code(answer) == (413, "too_large")
    answer = await home.door.post("/v1/opportunities", content=b"{}", headers={**headers, "content-length": "99999999"})
    assert code(answer) == (413, "too_large")


async def test_a_body_that_drips_is_not_waited_for(home: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_policy, "BODY_SECONDS", 0.2)

    async def dripping() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" "
            await asyncio.sleep(0.05)

    answer = await home.door.post("/v1/opportunities", content=dripping(), headers={"content-type": "application/json"})
    assert code(answer) == (408, "too_slow")


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, {"$where": "1"}, ["x"], {"$regex": ".*"}])
async def test_an_operator_is_no_value(home: Town, value: Any):
    for field in ("business_line", "rep_id", "opportunity_id", "region"):
        answer = await home.door.post("/v1/opportunities", json={"business_line": "hardware", field: value})
        assert answer.status_code == 422, f"{field}: {answer.text}"


async def test_an_operator_in_a_query_is_a_text(home: Town):
    for query in ("rep_id[$ne]=x", "rep_id={\"$ne\":null}", "status[$gt]=", "sort=$where"):
        answer = await home.door.get(f"/v1/opportunities?{query}")
        assert answer.status_code in (200, 400, 422)
        if answer.status_code == 200 and query.startswith("rep_id={"):
            assert answer.json()["items"] == []


# --- exports ---------------------------------------------------------------------------------------------------------

FORMULAS = ["=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_never_begins_as_a_formula_does(text: str):
    assert cell(text) == "'" + text


async def test_a_customers_name_does_not_calculate_in_a_managers_spreadsheet(home: Town):
    name = '=cmd|\' /C calc\'!A0","=1+1\r\n=2'
    answer = await home.publish({
        "specversion": "1.0", "type": "crm.customer.registered.v1", "source": "/x", "id": "evil",
        "time": "2026-01-01T00:00:00Z", "data": {"customer_id": "evil", "name": name}})
    assert answer.status_code == 202
    exported = await home.door.get("/v1/customers?limit=500", headers={"accept": "text/csv"})
    assert exported.headers["content-type"].startswith("text/csv")
    assert exported.headers["content-disposition"] == 'attachment; filename="export.csv"'
    import csv
    import io

    rows = list(csv.reader(io.StringIO(exported.text, newline="")))
    assert "'" + name in [value for row in rows for value in row]
    assert not [v for row in rows for v in row if v.startswith(("=", "+", "@"))]
    assert len({len(row) for row in rows}) == 1


# --- helpers ---------------------------------------------------------------------------------------------------------


async def status_of(made: Town, path: str, cookie: str) -> int:
    """Of a GET whose path goes over the wire as it is: every client library tidies it up."""
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

    await made.app(scope, receive, send)
    return int(sent[0]["status"])


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def signed_by_hand(issuer: Issuer, header: dict[str, Any], payload: dict[str, Any]) -> str:
    """A library would refuse to sign it."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    head = f"{part(header)}.{part(payload)}"
    r, s = decode_dss_signature(issuer.keys["k1"].sign(head.encode(), ec.ECDSA(hashes.SHA256())))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{head}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"
