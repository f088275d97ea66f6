"""Authentication: developer mode on loopback, OpenID Connect sign-in, API keys, unsafe settings."""
import asyncio
import hashlib
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from chassis.http.access import Scope
from chassis.http.problems import ProblemError
from chassis.ports import Document
from chassis.support.clock import now_seconds
from chassis.support.settings import Settings
from services.gateway.auth.address import UnsafeAddress, listen_address
from services.gateway.auth.browser import COOKIE as LOGIN_COOKIE
from services.gateway.auth.browser import local_path
from services.gateway.auth.keys import KEYS, InvalidApiKey
from services.gateway.auth.sessions import COOKIE, SESSIONS
from services.gateway.auth.tokens import identity_of, principal_of
from services.gateway.permissions import ROLES, granted_by_role
from tests.gateway.harness import GatewayHarness, gateway_harness
from tests.gateway.scenarios import CONSOLE, PEOPLE, company_harness, new_client, signed_in_as, status_and_code

PUBLIC = "https://crm.example.test"


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        yield running


# --- developer mode --------------------------------------------------------------------------------------------------


async def test_in_developer_mode_the_caller_is_admin_and_every_response_has_a_header(harness: GatewayHarness):
    response = await harness.client.get("/v1/me")
    caller = response.json()
    assert (caller["principal"], caller["roles"], caller["mode"], caller["signed_in"]) == (
        "developer", ["admin"], "developer", False)
    has_all = caller["scope"].pop("all")
    assert has_all is True and not any(caller["scope"].values())
    assert "without a password" in caller["warning"]
    for path in ("/v1/me", "/v1/opportunities", "/v1/nothing", "/openapi.json"):
        assert (await harness.client.get(path)).headers["x-triptych-sign-in"].startswith("developer")


async def test_the_sign_in_options_are_public_in_developer_mode(harness: GatewayHarness):
    options = (await harness.client.get("/v1/sign-in")).json()
    assert (options["mode"], options["roles"]) == ("developer", list(ROLES))
    assert {p["rep_id"] for p in options["people"]} == set(PEOPLE)
    anna = next(p for p in options["people"] if p["rep_id"] == "anna")
    assert anna == {"rep_id": "anna", "name": "Anna", "team": "Hill", "region": "West", "roles": ["rep"]}


@pytest.mark.parametrize("role", list(ROLES))
async def test_a_developer_may_sign_in_with_any_role(harness: GatewayHarness, role: str):
    async with signed_in_as(harness, role, rep_id="anna") as browser:
        caller = (await browser.get("/v1/me")).json()
    assert (caller["principal"], caller["roles"], caller["name"], caller["signed_in"]) == ("anna", [role], "Anna", True)
    assert set(caller["permissions"]) == granted_by_role()[role]


@pytest.mark.parametrize("body", [
    {}, {"role": "king"}, {"role": "rep"}, {"role": "manager"}, {"role": "rep", "rep_id": "a b"}, {"role": 7},
    {"role": "rep", "rep_id": "anna", "admin": True}, {"role": "manager", "team": "x" * 200},
])
async def test_an_invalid_developer_sign_in_is_refused(harness: GatewayHarness, body: Any):
    response = await harness.client.post("/v1/sign-in/developer", json=body)
    assert response.status_code == 422 and "set-cookie" not in response.headers


async def test_the_cookie_is_http_only_and_the_store_has_its_hash_only(harness: GatewayHarness):
    async with new_client(harness) as browser:
        response = await browser.post("/v1/sign-in/developer", json={"role": "admin"})
    cookie = response.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/", "max-age=28800"))
    assert "domain=" not in cookie
    token = response.cookies[COOKIE]
    store = harness.gateway.store
    stored = (await store.find(SESSIONS.name, {}, limit=500)).documents
    assert hashlib.sha256(token.encode()).hexdigest() in {d.id for d in stored}
    assert not [d for d in stored if token.encode() in d.body or token == d.id]


async def test_sign_out_ends_the_session_and_its_cookie_is_invalid(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        old = dict(anna.cookies)
        response = await anna.post("/v1/sign-out")
        assert response.status_code == 204 and "max-age=0" in response.headers["set-cookie"].lower()
        assert (await anna.get("/v1/me")).json()["principal"] == "developer"
    async with new_client(harness) as attacker:
        attacker.cookies.update(old)
        assert (await attacker.get("/v1/me")).json()["principal"] == "developer"


async def test_a_session_expires(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        sessions = harness.gateway.sessions
        token = anna.cookies[COOKIE]
        assert (await sessions.find(token)).identity.principal == "anna"
        monkeypatch.setattr("services.gateway.auth.sessions.now_seconds", lambda: 4_000_000_000.0)
        assert await sessions.find(token) is None


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "a" * 100_000, "é" * 43, '"; DROP TABLE'])
async def test_an_invented_cookie_has_no_session(harness: GatewayHarness, cookie: str):
    assert await harness.gateway.sessions.find(cookie) is None


# --- listening address -----------------------------------------------------------------------------------------------

PROVIDER = {"oidc_issuer": "https://id.example.test", "oidc_audience": "triptych"}


def settings(**more: Any) -> Settings:
    return Settings(**more)


@pytest.mark.parametrize("http", ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:80", "crm.example.test:80", ":8080x"])
def test_other_addresses_than_loopback_require_a_provider(http: str):
    with pytest.raises(UnsafeAddress):
        listen_address(settings(http=http))


@pytest.mark.parametrize("more", [
    {"oidc_issuer": PROVIDER["oidc_issuer"]}, {"oidc_audience": "triptych"}, {"oidc_client_id": "console"},
    {**PROVIDER, "oidc_issuer": "http://id.example.test"}, {**PROVIDER, "oidc_client_id": "console"},
    {**PROVIDER, "oidc_client_id": "console", "public_url": "http://crm.example.test"},
])
def test_an_incomplete_provider_configuration_is_refused(more: dict[str, str]):
    with pytest.raises(UnsafeAddress):
        listen_address(settings(http="0.0.0.0:8080", **more))


@pytest.mark.parametrize("more", [PROVIDER, {**PROVIDER, "oidc_client_id": "console", "public_url": PUBLIC}])
def test_with_a_provider_any_address_is_accepted(more: dict[str, str]):
    assert listen_address(settings(http="0.0.0.0:8080", **more)) == ("0.0.0.0", 8080)


@pytest.mark.parametrize("http", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "127.9.9.9:1"])
def test_loopback_addresses_are_accepted_in_developer_mode(http: str):
    assert listen_address(settings(http=http))[1] in (8080, 1)


# --- API keys --------------------------------------------------------------------------------------------------------


async def test_a_key_has_exactly_the_permissions_of_its_scopes(harness: GatewayHarness):
    keys = harness.gateway.keys
    key, created = await keys.create("erp", ["leads:read"])
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        caller = (await program.get("/v1/me")).json()
        assert (caller["principal"], caller["mode"], caller["permissions"]) == ("key:erp", "key", ["leads:read"])
        assert len((await program.get("/v1/leads")).json()["items"]) == 2
        assert status_and_code(await program.get("/v1/opportunities")) == (403, "not_permitted")
        assert status_and_code(await program.post("/v1/leads", json={"business_line": "hardware"})) == (403,
                                                                                                        "not_permitted")
        await keys.revoke(created.id)
        assert status_and_code(await program.get("/v1/leads")) == (401, "bad_credentials")


async def test_a_key_may_be_limited_to_a_scope_of_records(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("mobile", ["leads:read"], scope=Scope(regions=("East",)))
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        assert [i["lead_id"] for i in (await program.get("/v1/leads")).json()["items"]] == ["lead-cleo"]
        assert status_and_code(await program.get("/v1/leads/lead-anna")) == (404, "not_found")


async def test_only_the_hash_and_the_last_use_of_a_key_are_stored(harness: GatewayHarness):
    keys, store = harness.gateway.keys, harness.gateway.store
    key, created = await keys.create("audit", ["audit:read"])
    secret = key.rpartition("_")[2]
    stored = (await store.load(KEYS.name, [created.id]))[created.id]
    assert secret.encode() not in stored.body and hashlib.sha256(key.encode()).digest() in stored.body
    assert created.used_at is None
    await keys.identity(key)
    assert next(k for k in await keys.find_all() if k.id == created.id).used_at is not None


async def test_expired_and_modified_keys_are_refused(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    keys = harness.gateway.keys
    key, _ = await keys.create("short", ["leads:read"], days=1)
    other, _ = await keys.create("other", ["leads:write"])
    modified = [key[:-1] + ("A" if key[-1] != "A" else "B"), key.upper(), key + "x", key[:-1],
             f"{key.rpartition('_')[0]}_{other.rpartition('_')[2]}"]
    for invalid in modified:
        with pytest.raises(Exception, match="not valid"):
            await keys.identity(invalid)
    monkeypatch.setattr("services.gateway.auth.keys.now_seconds", lambda: 4_000_000_000.0)
    with pytest.raises(Exception, match="expired"):
        await keys.identity(key)


@pytest.mark.parametrize(("name", "scopes", "days"), [
    ("x", [], 1), ("x", ["all"], 1), ("x", ["leads:read", "admin"], 1), ("", ["leads:read"], 1),
    ("a b", ["leads:read"], 1), ("x", ["leads:read"], 0), ("x", ["leads:read"], 400),
])
async def test_a_key_without_valid_scopes_name_or_lifetime_is_not_created(
    harness: GatewayHarness, name: str, scopes: list[str], days: int,
):
    with pytest.raises(InvalidApiKey):
        await harness.gateway.keys.create(name, scopes, days=days)


async def test_recording_the_last_use_does_not_undo_a_revocation(harness: GatewayHarness):
    keys, store = harness.gateway.keys, harness.gateway.store
    key, created = await keys.create("race", ["leads:read"])
    save = store.save

    async def revoked_meanwhile(collection: str, documents: list[Document]) -> frozenset[str]:
        store.save = save
        await keys.revoke(created.id)
        return await save(collection, documents)

    store.save = revoked_meanwhile
    try:
        await keys.identity(key)
    finally:
        store.save = save
    assert next(k for k in await keys.find_all() if k.id == created.id).revoked_at is not None


# --- claims of a provider --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claims", "roles"), [
    ({"roles": ["rep", "king"]}, ("rep",)), ({"roles": "rep manager"}, ("rep", "manager")), ({"roles": []}, ()),
    ({"roles": {"a": 1}}, ()), ({"roles": [["rep"]]}, ()), ({}, None),
])
def test_unknown_roles_of_a_token_are_ignored(claims: Any, roles: Any):
    assert identity_of({"sub": "x", **claims}, settings(**PROVIDER)).roles == roles


def test_roles_may_be_nested_in_a_token():
    configured = settings(**PROVIDER, oidc_roles_claim="realm_access.roles")
    assert identity_of({"sub": "x", "realm_access": {"roles": ["analyst"]}}, configured).roles == ("analyst",)
    assert identity_of({"sub": "x", "realm_access": ["analyst"]}, configured).roles is None


@pytest.mark.parametrize(("claims", "login"), [
    ({"email": "anna@example.test", "email_verified": True}, "anna@example.test"),
    ({"email": "anna@example.test"}, None), ({"email": "anna@example.test", "email_verified": False}, None),
    ({"email": "anna@example.test", "email_verified": "true"}, None), ({"email": ["anna@example.test"]}, None),
])
def test_only_a_verified_email_address_is_a_login(claims: Any, login: str | None):
    assert identity_of({"sub": "x", **claims}, settings(**PROVIDER)).login == login


def test_a_principal_is_a_pseudonym():
    assert principal_of("248289761001") == "user:248289761001"
    for subject in ("anna@example.test", "auth0|1", "x" * 300, "a b"):
        assert principal_of(subject).startswith("user:") and len(principal_of(subject)) == 37


@pytest.mark.parametrize(("requested", "expected"), [
    ("/opportunities/x?tab=1", "/opportunities/x?tab=1"), ("//evil.test", "/"), ("https://evil.test", "/"),
    ("/\\evil.test", "/"), ("/a\\b", "/"), ("evil", "/"), ("", "/"), ("/\r\nset-cookie: a=b", "/"), ("/\t/evil", "/"),
])
def test_a_sign_in_never_redirects_to_another_site(requested: str, expected: str):
    assert local_path(requested) == expected


# --- sign-in in the browser with a real provider ---------------------------------------------------------------------

CLIENT = "console"
pytestmark = [pytest.mark.slow,
              pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")]  # of the provider's own library


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """An OpenID Connect provider on loopback; its library warns about its own deprecations."""
    with warnings.catch_warnings(record=True):
        from oidc_provider_mock import User, run_server_in_thread
    people = [User(sub="anna-1", claims={"email": "anna@example.test", "email_verified": True, "name": "Anna"}),
              User(sub="boss", claims={"roles": ["director"], "name": "Boss"})]
    with pytest.MonkeyPatch.context() as patch, run_server_in_thread(user_claims=people) as server:
        for module in ("util", "_legacy"):  # the provider's tokens are dated by the clock of the tests
            patch.setattr(f"authlib.oidc.core.grants.{module}.time", SimpleNamespace(time=now_seconds))
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory, provider: str) -> AsyncIterator[GatewayHarness]:
    """A gateway with a provider; an API key publishes the company."""
    from tests.gateway.scenarios import publish_company

    async with gateway_harness("memory", tmp_path_factory.mktemp("guarded"), oidc_issuer=provider,
                               oidc_audience="triptych",
                    oidc_client_id=CLIENT, oidc_client_secret="s3cret") as running:
        key, _ = await running.gateway.keys.create("hr", ["events:write", "organisation:write"])
        running.client.headers["authorization"] = f"Bearer {key}"
        await publish_company(running)
        yield running


async def start_sign_in(browser: httpx.AsyncClient, return_to: str = "/") -> str:
    """Starts a sign-in; returns the URL of the provider to which the gateway redirects."""
    response = await browser.get("/v1/sign-in/start", params={"return_to": return_to})
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def consent(url: str, sub: str) -> str:
    """Signs in at the provider; returns path and query of its redirect back to the gateway."""
    async with httpx.AsyncClient(trust_env=False) as person:
        response = await person.post(url, data={"sub": sub})
        assert response.status_code in (302, 303), response.text
        found = urlsplit(response.headers["location"])
        return f"{found.path}?{found.query}"


@asynccontextmanager
async def signed_in(harness: GatewayHarness, sub: str, return_to: str = "/") -> AsyncIterator[httpx.AsyncClient]:
    async with new_client(harness, **CONSOLE) as browser:
        callback = await consent(await start_sign_in(browser, return_to), sub)
        response = await browser.get(callback)
        assert response.status_code == 303, response.text
        assert response.headers["location"] == return_to
        yield browser


async def test_a_rep_signs_in_at_the_provider_and_has_the_scope_of_a_rep(guarded: GatewayHarness):
    async with signed_in(guarded, "anna-1", "/deals?mine=1") as browser:
        caller = (await browser.get("/v1/me")).json()
        assert (caller["principal"], caller["mode"], caller["roles"]) == ("anna", "oidc", ["rep"])
        assert caller["scope"]["reps"] == ["anna"]
        assert {i["rep_id"] for i in (await browser.get("/v1/opportunities")).json()["items"]} == {"anna"}
        assert not [v for v in browser.cookies.values() if v.count(".") == 2], "no token reaches the browser"


async def test_roles_may_come_from_the_provider(guarded: GatewayHarness):
    async with signed_in(guarded, "boss") as browser:
        caller = (await browser.get("/v1/me")).json()
        assert (caller["principal"], caller["roles"], caller["scope"]["all"]) == ("user:boss", ["director"], True)


async def test_the_redirect_to_the_provider_has_state_nonce_and_challenge(guarded: GatewayHarness):
    async with new_client(guarded) as browser:
        query = {k: v[0] for k, v in parse_qs(urlsplit(await start_sign_in(browser)).query).items()}
        assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert query["redirect_uri"] == f"http://{guarded.gateway.settings.http}/v1/sign-in/callback"
        assert all(len(query[name]) >= 40 for name in ("state", "nonce", "code_challenge"))
        other = {k: v[0] for k, v in parse_qs(urlsplit(await start_sign_in(browser)).query).items()}
        assert not {query[n] for n in ("state", "nonce", "code_challenge")} & set(other.values())


async def test_a_callback_is_accepted_once_and_in_its_own_browser_only(guarded: GatewayHarness):
    async with new_client(guarded) as browser, new_client(guarded) as attacker:
        callback = await consent(await start_sign_in(browser), "anna-1")
        assert status_and_code(await attacker.get(callback)) == (401, "sign_in_failed")
        attacker.cookies.set(LOGIN_COOKIE, "x" * 43)
        assert status_and_code(await attacker.get(callback)) == (401, "sign_in_failed")
        assert (await browser.get(callback)).status_code == 303
        assert status_and_code(await browser.get(callback)) == (401, "sign_in_failed")


async def test_of_concurrent_callbacks_one_is_accepted(guarded: GatewayHarness):
    async with new_client(guarded) as browser:
        callback = await consent(await start_sign_in(browser), "anna-1")
        responses = await asyncio.gather(*(browser.get(callback) for _ in range(4)))
        assert sorted(a.status_code for a in responses) == [303, 401, 401, 401]


async def test_a_started_sign_in_is_consumed_once_before_the_code_is_exchanged(
    guarded: GatewayHarness, monkeypatch: pytest.MonkeyPatch,
):
    sign_in, store = guarded.gateway.browser, guarded.gateway.store
    load = store.load

    async def load_slowly(*arguments: Any) -> Any:
        found = await load(*arguments)
        await asyncio.sleep(0.01)  # all must have loaded before one saves
        return found

    monkeypatch.setattr(store, "load", load_slowly)
    async with new_client(guarded) as browser:
        state = parse_qs(urlsplit(await start_sign_in(browser)).query)["state"][0]
        results = await asyncio.gather(*(sign_in._consume(state, browser.cookies[LOGIN_COOKIE]) for _ in range(4)),
                                     return_exceptions=True)
        assert sum(isinstance(found, ProblemError) for found in results) == 3
        with pytest.raises(ProblemError, match="has expired"):
            await sign_in._consume(state, browser.cookies[LOGIN_COOKIE])


@pytest.mark.parametrize("change", ["state=invented", "state=", "code=invented", "code=", "error=access_denied",
                                    "iss=https%3A%2F%2Fevil.test"])
async def test_a_modified_callback_is_refused(guarded: GatewayHarness, change: str):
    async with new_client(guarded) as browser:
        found = urlsplit(await consent(await start_sign_in(browser), "anna-1"))
        name = change.partition("=")[0]
        unchanged = "&".join(p for p in found.query.split("&") if not p.startswith(f"{name}="))
        response = await browser.get(f"{found.path}?{unchanged}&{change}")
        assert status_and_code(response) == (401, "sign_in_failed")
        assert not [n for n in browser.cookies if n == COOKIE]


async def test_a_code_of_another_sign_in_is_refused(guarded: GatewayHarness):
    """The code of the attacker with the state of the victim: challenge and nonce do not match."""
    async with new_client(guarded) as victim, new_client(guarded) as attacker:
        own = parse_qs(urlsplit(await consent(await start_sign_in(attacker), "boss")).query)
        url = await start_sign_in(victim)
        state = parse_qs(urlsplit(url).query)["state"][0]
        response = await victim.get("/v1/sign-in/callback", params={"state": state, "code": own["code"][0]})
        assert status_and_code(response) == (401, "sign_in_failed")


async def test_a_sign_in_replaces_the_previous_session(guarded: GatewayHarness):
    async with signed_in(guarded, "boss") as browser:
        before = browser.cookies[COOKIE]
        callback = await consent(await start_sign_in(browser), "anna-1")
        assert (await browser.get(callback)).status_code == 303
        assert browser.cookies[COOKIE] != before
        assert await guarded.gateway.sessions.find(before) is None


async def test_a_developer_session_is_invalid_with_a_provider(guarded: GatewayHarness):
    from services.gateway.auth.identification import DEVELOPER

    token = await guarded.gateway.sessions.create(DEVELOPER)
    async with new_client(guarded) as browser:
        browser.cookies.set(COOKIE, token)
        assert status_and_code(await browser.get("/v1/me")) == (401, "not_signed_in")


async def test_people_are_not_listed_before_sign_in(guarded: GatewayHarness):
    async with new_client(guarded) as browser:
        options = (await browser.get("/v1/sign-in")).json()
    assert options == {"mode": "oidc", "roles": list(ROLES), "login_url": "/v1/sign-in/start"}


async def test_without_a_client_id_the_browser_sign_in_is_a_404(harness: GatewayHarness):
    assert status_and_code(await harness.client.get("/v1/sign-in/start")) == (404, "not_found")
    assert status_and_code(await harness.client.get("/v1/sign-in/callback?state=x&code=y")) == (404, "not_found")


async def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path):
    async with company_harness(tmp_path, public_url=PUBLIC) as running, new_client(running) as browser:
        response = await browser.post("/v1/sign-in/developer", json={"role": "admin"})
        cookie = response.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{COOKIE}=") and "Secure" in cookie


def test_the_guide_names_settings_roles_and_permissions_that_exist():
    import re

    from services.gateway.permissions import permission_texts
    from tests.support.running_service import DEFINITIONS

    guide = (DEFINITIONS.parent / "docs" / "guide" / "security.md").read_text(encoding="utf-8")
    named = {n.lower() for n in re.findall(r"TRIPTYCH_([A-Z_]+)", guide)}
    assert named <= set(Settings.model_fields)
    assert {n for n in Settings.model_fields if n.startswith("oidc_")} - {"oidc_client_secret"} <= named
    assert set(re.findall(r"^\| `([a-z]+)` \|", guide, re.MULTILINE)) == set(ROLES)
    assert set(re.findall(r"\b[a-z]+:(?:read|write)\b", guide)) <= set(permission_texts())
