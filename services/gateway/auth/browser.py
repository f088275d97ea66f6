"""Sign-in in the browser: authorization code flow with PKCE, state and nonce.

Tokens of the provider neither reach the browser nor are stored.
"""
import base64
import hashlib
import hmac
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from chassis.http.problems import ProblemError, not_found
from chassis.ports import Between, Collection, Document, Store
from chassis.support.clock import now_seconds
from chassis.support.settings import Settings
from services.gateway.auth.address import public_url
from services.gateway.auth.identification import session_token
from services.gateway.auth.provider import OidcProvider, ProviderUnavailable, parse_object
from services.gateway.auth.sessions import Sessions
from services.gateway.auth.sign_in import is_secure, set_session
from services.gateway.auth.tokens import identity_of, verified
from services.gateway.gateway_store import GatewayStore

CALLBACK = "/v1/sign-in/callback"
COOKIE = "triptych_login"
LIFETIME_SECONDS = 600
LOGINS = Collection("gateway.logins", {"until": int}, (("until",),))
Text = Annotated[str | None, Query(max_length=4096)]


class Login(msgspec.Struct, frozen=True):
    """A sign-in in progress. `browser`: hash of the cookie that the same browser must send back."""

    nonce: str
    verifier: str
    browser: bytes
    return_to: str
    until: int
    used: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Login).decode


class BrowserSignIn:
    def __init__(self, settings: Settings, store: Store, sessions: Sessions, provider: OidcProvider | None) -> None:
        self._settings, self._sessions, self._provider = settings, sessions, provider
        self._logins = GatewayStore(store, LOGINS)

    def router(self) -> APIRouter:
        routes = APIRouter(tags=["sign-in"])

        @routes.get("/v1/sign-in/start", status_code=303, summary="Redirect to the provider's sign-in page",
                    response_class=Response)
        async def start(return_to: Annotated[str, Query(max_length=500)] = "/") -> Response:
            return await self._start(return_to)

        @routes.get(CALLBACK, status_code=303, summary="Redirect from the provider", response_class=Response)
        async def callback(
            request: Request, state: Text = None, code: Text = None, error: Text = None, iss: Text = None,
        ) -> Response:
            return await self._finish(request, state, code, error, iss)

        return routes

    # --- redirect to the provider ------------------------------------------------------------------------------------

    async def _start(self, return_to: str) -> Response:
        provider = self._configured()
        metadata = await provider.metadata()
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        login = Login(nonce, verifier, _hash(browser), local_path(return_to), int(now_seconds()) + LIFETIME_SECONDS)
        store = await self._logins.store()
        await store.save(LOGINS.name, [_document(state, login, 0)])
        await self._prune(store)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = urlencode({
            "response_type": "code", "client_id": self._settings.oidc_client_id, "redirect_uri": self._redirect_uri(),
            "scope": self._settings.oidc_scopes, "state": state, "nonce": nonce, "code_challenge": challenge,
            "code_challenge_method": "S256"})
        endpoint = metadata["authorization_endpoint"]
        response = RedirectResponse(f"{endpoint}{'&' if '?' in endpoint else '?'}{query}", 303)
        response.set_cookie(COOKIE, browser, max_age=LIFETIME_SECONDS, path="/v1/sign-in",
                            secure=is_secure(self._settings), httponly=True, samesite="lax")
        return response

    # --- callback from the provider ----------------------------------------------------------------------------------

    async def _finish(
        self, request: Request, state: str | None, code: str | None, error: str | None, iss: str | None,
    ) -> Response:
        provider = self._configured()
        login = await self._consume(state, request.cookies.get(COOKIE))
        if error is not None or not code:
            raise failed(f"The provider refused the sign-in ({(error or 'no code')[:100]}).")
        if iss is not None and iss != provider.issuer:
            raise failed("The response comes from another provider.")
        claims = await self._claims(provider, code, login)
        before = session_token(request.headers)
        if before:  # session fixation: a cookie from before the sign-in must not be valid after it
            await self._sessions.end(before)
        token = await self._sessions.create(identity_of(claims, self._settings))
        response = RedirectResponse(login.return_to, 303)
        set_session(response, self._settings, token)
        response.delete_cookie(COOKIE, path="/v1/sign-in")
        return response

    async def _consume(self, state: str | None, browser: str | None) -> Login:
        """The sign-in in progress with this state. Only the browser that started it may use it, once."""
        store = await self._logins.store()
        id = _id(state or "")
        document = (await store.load(LOGINS.name, [id])).get(id)
        login = _decode(document.body) if document else None
        if document is None or login is None or login.used or login.until < now_seconds():
            raise failed("The sign-in is unknown or has expired. Start again.")
        if not hmac.compare_digest(_hash(browser or ""), login.browser):
            raise failed("The sign-in was started in another browser. Start again.")
        used = msgspec.structs.replace(login, used=True)
        if await store.save(LOGINS.name, [_document(state or "", used, document.version)]):
            raise failed("The sign-in has already been used. Start again.")
        return login

    async def _claims(self, provider: OidcProvider, code: str, login: Login) -> dict[str, Any]:
        id_token = (await self._exchange(provider, code, login)).get("id_token")
        client = str(self._settings.oidc_client_id)
        if not isinstance(id_token, str) or len(id_token) > 64 * 1024:
            raise failed("The provider sent no ID token.")
        claims, _ = await verified(id_token, provider, client)
        if claims["aud"] not in (client, [client]) and claims.get("azp") != client:
            raise failed("The ID token was issued for another client.")
        if not hmac.compare_digest(str(claims.get("nonce", "")), login.nonce):
            raise failed("The ID token belongs to another sign-in.")
        return claims

    async def _exchange(self, provider: OidcProvider, code: str, login: Login) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri(),
                "code_verifier": login.verifier, "client_id": str(self._settings.oidc_client_id)}
        secret = self._settings.oidc_client_secret
        auth = httpx.BasicAuth(form["client_id"], secret.get_secret_value()) if secret else None
        try:
            response = await provider.client.post(
                (await provider.metadata())["token_endpoint"], data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"The provider is unreachable: {type(error).__name__}.") from None
        if response.status_code != 200:
            raise failed(f"The provider rejected the code ({response.status_code}).")
        return parse_object(response.content)

    def _configured(self) -> OidcProvider:
        if self._provider is None or not self._settings.oidc_client_id:
            raise not_found("sign-in", "start")
        return self._provider

    def _redirect_uri(self) -> str:
        return public_url(self._settings) + CALLBACK

    async def _prune(self, store: Store) -> None:
        old = await store.find(LOGINS.name, {"until": Between(None, int(now_seconds()))}, order="until", limit=100)
        if old.documents:
            await store.delete(LOGINS.name, [d.id for d in old.documents])


def local_path(return_to: str) -> str:
    """The path if it belongs to this site; the start page for everything that could redirect elsewhere."""
    local = return_to.startswith("/") and not return_to.startswith(("//", "/\\")) and return_to.isprintable() and (
        "\\" not in return_to)
    return return_to if local else "/"


def failed(detail: str) -> ProblemError:
    return ProblemError(401, "sign_in_failed", detail)


def _document(state: str, login: Login, version: int) -> Document:
    return Document(_id(state), version, _encode(login), {"until": login.until})


def _id(state: str) -> str:
    return _hash(state).hex()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
