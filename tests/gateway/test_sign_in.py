"""Signing in: the developer on his own machine, people by a provider, integrations by keys; where it is not safe."""
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
    async with company_harness(tmp_path_factory.mktemp("harness")) as made:
        yield made


# --- the developer ---------------------------------------------------------------------------------------------------


async def test_without_a_provider_the_developer_is_admin_and_every_answer_says_so(harness: GatewayHarness):
    answer = await harness.client.get("/v1/me")
    told = answer.json()
    assert (told["principal"], told["roles"], told["mode"], told["signed_in"]) == (
        "developer", ["admin"], "developer", False)
    everything = told["scope"].pop("all")
    assert everything is True and not any(told["scope"].values())
    assert "without a password" in told["warning"]
    for path in ("/v1/me", "/v1/opportunities", "/v1/nothing", "/openapi.json"):
        assert (await harness.client.get(path)).headers["x-triptych-sign-in"].startswith("developer")


async def test_how_to_sign_in_is_told_to_everybody(harness: GatewayHarness):
    told = (await harness.client.get("/v1/sign-in")).json()
    assert (told["mode"], told["roles"]) == ("developer", list(ROLES))
    assert {p["rep_id"] for p in told["people"]} == set(PEOPLE)
    anna = next(p for p in told["people"] if p["rep_id"] == "anna")
    assert anna == {"rep_id": "anna", "name": "Anna", "team": "Hill", "region": "West", "roles": ["rep"]}


@pytest.mark.parametrize("role", list(ROLES))
async def test_one_may_look_through_the_eyes_of_any_role(harness: GatewayHarness, role: str):
    async with signed_in_as(harness, role, rep_id="anna") as browser:
        told = (await browser.get("/v1/me")).json()
    assert (told["principal"], told["roles"], told["name"], told["signed_in"]) == ("anna", [role], "Anna", True)
    assert set(told["permissions"]) == granted_by_role()[role]


@pytest.mark.parametrize("asked", [
    {}, {"role": "king"}, {"role": "rep"}, {"role": "manager"}, {"role": "rep", "rep_id": "a b"}, {"role": 7},
    {"role": "rep", "rep_id": "anna", "admin": True}, {"role": "manager", "team": "x" * 200},
])
async def test_who_cannot_be_looked_through_is_said(harness: GatewayHarness, asked: Any):
    answer = await harness.client.post("/v1/sign-in/developer", json=asked)
    assert answer.status_code == 422 and "set-cookie" not in answer.headers


async def test_the_cookie_is_for_browsers_eyes_only_and_the_store_keeps_its_hash(harness: GatewayHarness):
    async with new_client(harness) as browser:
        answer = await browser.post("/v1/sign-in/developer", json={"role": "admin"})
    said = answer.headers["set-cookie"].lower()
    assert all(word in said for word in ("httponly", "samesite=lax", "path=/", "max-age=28800"))
    assert "domain=" not in said
    token = answer.cookies[COOKIE]
    store = harness.gateway.store
    kept = (await store.find(SESSIONS.name, {}, limit=500)).documents
    assert hashlib.sha256(token.encode()).hexdigest() in {d.id for d in kept}
    assert not [d for d in kept if token.encode() in d.body or token == d.id]


async def test_a_session_ends_when_one_signs_out_and_the_old_cookie_is_worth_nothing(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        old = dict(anna.cookies)
        answer = await anna.post("/v1/sign-out")
        assert answer.status_code == 204 and "max-age=0" in answer.headers["set-cookie"].lower()
        assert (await anna.get("/v1/me")).json()["principal"] == "developer"
    async with new_client(harness) as thief:
        thief.cookies.update(old)
        assert (await thief.get("/v1/me")).json()["principal"] == "developer"


async def test_a_session_ends_by_itself(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        sessions = harness.gateway.sessions
        token = anna.cookies[COOKIE]
        assert (await sessions.find(token)).identity.principal == "anna"
        monkeypatch.setattr("services.gateway.auth.sessions.now_seconds", lambda: 4_000_000_000.0)
        assert await sessions.find(token) is None


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "a" * 100_000, "é" * 43, '"; DROP TABLE'])
async def test_a_made_up_cookie_is_nobodys(harness: GatewayHarness, cookie: str):
    assert await harness.gateway.sessions.find(cookie) is None


# --- where the door may listen ---------------------------------------------------------------------------------------

PROVIDER = {"oidc_issuer": "https://id.example.test", "oidc_audience": "triptych"}


def settings(**more: Any) -> Settings:
    return Settings(**more)


@pytest.mark.parametrize("http", ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:80", "crm.example.test:80", ":8080x"])
def test_beyond_loopback_the_door_does_not_open_without_a_provider(http: str):
    with pytest.raises(UnsafeAddress):
        listen_address(settings(http=http))


@pytest.mark.parametrize("more", [
    {"oidc_issuer": PROVIDER["oidc_issuer"]}, {"oidc_audience": "triptych"}, {"oidc_client_id": "console"},
    {**PROVIDER, "oidc_issuer": "http://id.example.test"}, {**PROVIDER, "oidc_client_id": "console"},
    {**PROVIDER, "oidc_client_id": "console", "public_url": "http://crm.example.test"},
])
def test_half_a_provider_opens_nothing(more: dict[str, str]):
    with pytest.raises(UnsafeAddress):
        listen_address(settings(http="0.0.0.0:8080", **more))


@pytest.mark.parametrize("more", [PROVIDER, {**PROVIDER, "oidc_client_id": "console", "public_url": PUBLIC}])
def test_with_a_provider_the_door_opens_anywhere(more: dict[str, str]):
    assert listen_address(settings(http="0.0.0.0:8080", **more)) == ("0.0.0.0", 8080)


@pytest.mark.parametrize("http", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "127.9.9.9:1"])
def test_on_loopback_the_door_opens_for_the_developer(http: str):
    assert listen_address(settings(http=http))[1] in (8080, 1)


# --- API keys --------------------------------------------------------------------------------------------------------


async def test_a_key_opens_what_its_scopes_name_and_nothing_else(harness: GatewayHarness):
    keys = harness.gateway.keys
    key, made = await keys.create("erp", ["leads:read"])
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        told = (await program.get("/v1/me")).json()
        assert (told["principal"], told["mode"], told["permissions"]) == ("key:erp", "key", ["leads:read"])
        assert len((await program.get("/v1/leads")).json()["items"]) == 2
        assert status_and_code(await program.get("/v1/opportunities")) == (403, "not_permitted")
        assert status_and_code(await program.post("/v1/leads", json={"business_line": "hardware"})) == (403,
                                                                                                        "not_permitted")
        await keys.revoke(made.id)
        assert status_and_code(await program.get("/v1/leads")) == (401, "bad_credentials")


async def test_a_key_may_be_limited_to_somebodys_records(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("mobile", ["leads:read"], scope=Scope(regions=("East",)))
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        assert [i["lead_id"] for i in (await program.get("/v1/leads")).json()["items"]] == ["lead-cleo"]
        assert status_and_code(await program.get("/v1/leads/lead-anna")) == (404, "not_found")


async def test_of_a_key_only_its_hash_is_kept_and_when_it_was_last_used(harness: GatewayHarness):
    keys, store = harness.gateway.keys, harness.gateway.store
    key, made = await keys.create("audit", ["audit:read"])
    secret = key.rpartition("_")[2]
    kept = (await store.load(KEYS.name, [made.id]))[made.id]
    assert secret.encode() not in kept.body and hashlib.sha256(key.encode()).digest() in kept.body
    assert made.used_at is None
    await keys.identity(key)
    assert next(k for k in await keys.find_all() if k.id == made.id).used_at is not None


async def test_a_key_ends_and_almost_the_key_is_no_key(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    keys = harness.gateway.keys
    key, _ = await keys.create("short", ["leads:read"], days=1)
    other, _ = await keys.create("other", ["leads:write"])
    wrong = [key[:-1] + ("A" if key[-1] != "A" else "B"), key.upper(), key + "x", key[:-1],
             f"{key.rpartition('_')[0]}_{other.rpartition('_')[2]}"]
    for almost in wrong:
        with pytest.raises(Exception, match="not valid"):
            await keys.identity(almost)
    monkeypatch.setattr("services.gateway.auth.keys.now_seconds", lambda: 4_000_000_000.0)
    with pytest.raises(Exception, match="expired"):
        await keys.identity(key)


@pytest.mark.parametrize(("name", "scopes", "days"), [
    ("x", [], 1), ("x", ["all"], 1), ("x", ["leads:read", "admin"], 1), ("", ["leads:read"], 1),
    ("a b", ["leads:read"], 1), ("x", ["leads:read"], 0), ("x", ["leads:read"], 400),
])
async def test_a_key_without_scopes_name_or_end_is_not_made(
    harness: GatewayHarness, name: str, scopes: list[str], days: int,
):
    with pytest.raises(InvalidApiKey):
        await harness.gateway.keys.create(name, scopes, days=days)


async def test_a_note_of_use_does_not_undo_a_revocation(harness: GatewayHarness):
    keys, store = harness.gateway.keys, harness.gateway.store
    key, made = await keys.create("race", ["leads:read"])
    save = store.save

    async def revoked_meanwhile(collection: str, documents: list[Document]) -> frozenset[str]:
        store.save = save
        await keys.revoke(made.id)
        return await save(collection, documents)

    store.save = revoked_meanwhile
    try:
        await keys.identity(key)
    finally:
        store.save = save
    assert next(k for k in await keys.find_all() if k.id == made.id).revoked_at is not None


# --- what a provider says of somebody --------------------------------------------------------------------------------


@pytest.mark.parametrize(("claims", "roles"), [
    ({"roles": ["rep", "king"]}, ("rep",)), ({"roles": "rep manager"}, ("rep", "manager")), ({"roles": []}, ()),
    ({"roles": {"a": 1}}, ()), ({"roles": [["rep"]]}, ()), ({}, None),
])
def test_roles_are_those_that_we_know(claims: Any, roles: Any):
    assert identity_of({"sub": "x", **claims}, settings(**PROVIDER)).roles == roles


def test_roles_may_lie_deeper_in_a_token():
    asked = settings(**PROVIDER, oidc_roles_claim="realm_access.roles")
    assert identity_of({"sub": "x", "realm_access": {"roles": ["analyst"]}}, asked).roles == ("analyst",)
    assert identity_of({"sub": "x", "realm_access": ["analyst"]}, asked).roles is None


@pytest.mark.parametrize(("claims", "login"), [
    ({"email": "anna@example.test", "email_verified": True}, "anna@example.test"),
    ({"email": "anna@example.test"}, None), ({"email": "anna@example.test", "email_verified": False}, None),
    ({"email": "anna@example.test", "email_verified": "true"}, None), ({"email": ["anna@example.test"]}, None),
])
def test_an_address_counts_once_the_provider_has_verified_it(claims: Any, login: str | None):
    assert identity_of({"sub": "x", **claims}, settings(**PROVIDER)).login == login


def test_a_principal_is_a_pseudonym():
    assert principal_of("248289761001") == "user:248289761001"
    for subject in ("anna@example.test", "auth0|1", "x" * 300, "a b"):
        assert principal_of(subject).startswith("user:") and len(principal_of(subject)) == 37


@pytest.mark.parametrize(("asked", "led"), [
    ("/opportunities/x?tab=1", "/opportunities/x?tab=1"), ("//evil.test", "/"), ("https://evil.test", "/"),
    ("/\\evil.test", "/"), ("/a\\b", "/"), ("evil", "/"), ("", "/"), ("/\r\nset-cookie: a=b", "/"), ("/\t/evil", "/"),
])
def test_a_sign_in_never_leads_elsewhere(asked: str, led: str):
    assert local_path(asked) == led


# --- sign-in in the browser, by a real provider ----------------------------------------------------------------------

CLIENT = "console"
pytestmark = [pytest.mark.slow,
              pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")]  # of the provider's own library


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A certified kind of flow on loopback; its library warns of its own age."""
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
    """The people of the company are told by its own key: the door lets in nobody without one."""
    from tests.gateway.scenarios import publish_company

    async with gateway_harness("memory", tmp_path_factory.mktemp("guarded"), oidc_issuer=provider,
                               oidc_audience="triptych",
                    oidc_client_id=CLIENT, oidc_client_secret="s3cret") as made:
        key, _ = await made.gateway.keys.create("hr", ["events:write", "organisation:write"])
        made.client.headers["authorization"] = f"Bearer {key}"
        await publish_company(made)
        yield made


async def begun(browser: httpx.AsyncClient, return_to: str = "/") -> str:
    """The provider's page to which the door sends."""
    answer = await browser.get("/v1/sign-in/start", params={"return_to": return_to})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def consented(url: str, sub: str) -> str:
    """Path and query with which the provider sends back."""
    async with httpx.AsyncClient(trust_env=False) as person:
        answer = await person.post(url, data={"sub": sub})
        assert answer.status_code in (302, 303), answer.text
        found = urlsplit(answer.headers["location"])
        return f"{found.path}?{found.query}"


@asynccontextmanager
async def signed_in(made: GatewayHarness, sub: str, return_to: str = "/") -> AsyncIterator[httpx.AsyncClient]:
    async with new_client(made, **CONSOLE) as browser:
        back = await consented(await begun(browser, return_to), sub)
        answer = await browser.get(back)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == return_to
        yield browser


async def test_anna_signs_in_at_her_provider_and_sees_her_own(guarded: GatewayHarness):
    async with signed_in(guarded, "anna-1", "/deals?mine=1") as browser:
        told = (await browser.get("/v1/me")).json()
        assert (told["principal"], told["mode"], told["roles"]) == ("anna", "oidc", ["rep"])
        assert told["scope"]["reps"] == ["anna"]
        assert {i["rep_id"] for i in (await browser.get("/v1/opportunities")).json()["items"]} == {"anna"}
        assert not [v for v in browser.cookies.values() if v.count(".") == 2], "no token reaches the browser"


async def test_roles_may_come_from_the_provider(guarded: GatewayHarness):
    async with signed_in(guarded, "boss") as browser:
        told = (await browser.get("/v1/me")).json()
        assert (told["principal"], told["roles"], told["scope"]["all"]) == ("user:boss", ["director"], True)


async def test_the_way_there_carries_state_nonce_and_a_challenge_and_no_secret(guarded: GatewayHarness):
    async with new_client(guarded) as browser:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(await begun(browser)).query).items()}
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert asked["redirect_uri"] == f"http://{guarded.gateway.settings.http}/v1/sign-in/callback"
        assert all(len(asked[name]) >= 40 for name in ("state", "nonce", "code_challenge"))
        other = {k: v[0] for k, v in parse_qs(urlsplit(await begun(browser)).query).items()}
        assert not {asked[n] for n in ("state", "nonce", "code_challenge")} & set(other.values())


async def test_a_way_back_is_gone_once_and_in_the_browser_in_which_it_began(guarded: GatewayHarness):
    async with new_client(guarded) as browser, new_client(guarded) as thief:
        back = await consented(await begun(browser), "anna-1")
        assert status_and_code(await thief.get(back)) == (401, "sign_in_failed")
        thief.cookies.set(LOGIN_COOKIE, "x" * 43)
        assert status_and_code(await thief.get(back)) == (401, "sign_in_failed")
        assert (await browser.get(back)).status_code == 303
        assert status_and_code(await browser.get(back)) == (401, "sign_in_failed")


async def test_of_two_at_the_same_moment_one_gets_in(guarded: GatewayHarness):
    async with new_client(guarded) as browser:
        back = await consented(await begun(browser), "anna-1")
        answers = await asyncio.gather(*(browser.get(back) for _ in range(4)))
        assert sorted(a.status_code for a in answers) == [303, 401, 401, 401]


async def test_a_sign_in_that_has_begun_is_taken_once_whatever_the_provider_thinks_of_its_code(
    guarded: GatewayHarness, monkeypatch: pytest.MonkeyPatch,
):
    ways, store = guarded.gateway.browser, guarded.gateway.store
    load = store.load

    async def slowly(*asked: Any) -> Any:
        found = await load(*asked)
        await asyncio.sleep(0.01)  # so that all have read before one writes
        return found

    monkeypatch.setattr(store, "load", slowly)
    async with new_client(guarded) as browser:
        state = parse_qs(urlsplit(await begun(browser)).query)["state"][0]
        tried = await asyncio.gather(*(ways._consume(state, browser.cookies[LOGIN_COOKIE]) for _ in range(4)),
                                     return_exceptions=True)
        assert sum(isinstance(found, ProblemError) for found in tried) == 3
        with pytest.raises(ProblemError, match="has expired"):
            await ways._consume(state, browser.cookies[LOGIN_COOKIE])


@pytest.mark.parametrize("change", ["state=made-up", "state=", "code=made-up", "code=", "error=access_denied",
                                    "iss=https%3A%2F%2Fevil.test"])
async def test_a_way_back_that_was_tampered_with_leads_nowhere(guarded: GatewayHarness, change: str):
    async with new_client(guarded) as browser:
        found = urlsplit(await consented(await begun(browser), "anna-1"))
        name = change.partition("=")[0]
        kept = "&".join(p for p in found.query.split("&") if not p.startswith(f"{name}="))
        answer = await browser.get(f"{found.path}?{kept}&{change}")
        assert status_and_code(answer) == (401, "sign_in_failed")
        assert not [n for n in browser.cookies if n == COOKIE]


async def test_a_code_of_another_sign_in_is_not_taken(guarded: GatewayHarness):
    """The thief's own code under the victim's state: the nonce, and the challenge before it, say no."""
    async with new_client(guarded) as victim, new_client(guarded) as thief:
        own = parse_qs(urlsplit(await consented(await begun(thief), "boss")).query)
        url = await begun(victim)
        state = parse_qs(urlsplit(url).query)["state"][0]
        answer = await victim.get("/v1/sign-in/callback", params={"state": state, "code": own["code"][0]})
        assert status_and_code(answer) == (401, "sign_in_failed")


async def test_a_session_that_was_there_before_is_not_there_after(guarded: GatewayHarness):
    async with signed_in(guarded, "boss") as browser:
        before = browser.cookies[COOKIE]
        back = await consented(await begun(browser), "anna-1")
        assert (await browser.get(back)).status_code == 303
        assert browser.cookies[COOKIE] != before
        assert await guarded.gateway.sessions.find(before) is None


async def test_a_developers_session_is_worth_nothing_once_there_is_a_provider(guarded: GatewayHarness):
    from services.gateway.auth.identification import DEVELOPER

    token = await guarded.gateway.sessions.create(DEVELOPER)
    async with new_client(guarded) as browser:
        browser.cookies.set(COOKIE, token)
        assert status_and_code(await browser.get("/v1/me")) == (401, "not_signed_in")


async def test_people_are_not_told_to_who_is_not_signed_in(guarded: GatewayHarness):
    async with new_client(guarded) as browser:
        told = (await browser.get("/v1/sign-in")).json()
    assert told == {"mode": "oidc", "roles": list(ROLES), "login_url": "/v1/sign-in/start"}


async def test_without_a_client_there_is_no_sign_in_in_the_browser(harness: GatewayHarness):
    assert status_and_code(await harness.client.get("/v1/sign-in/start")) == (404, "not_found")
    assert status_and_code(await harness.client.get("/v1/sign-in/callback?state=x&code=y")) == (404, "not_found")


async def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path):
    async with company_harness(tmp_path, public_url=PUBLIC) as made, new_client(made) as browser:
        answer = await browser.post("/v1/sign-in/developer", json={"role": "admin"})
        assert answer.headers["set-cookie"].startswith(f"__Host-{COOKIE}=") and "Secure" in answer.headers["set-cookie"]


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
