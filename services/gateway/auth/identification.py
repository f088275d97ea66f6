"""Authenticates a request: from any kind of credential to its caller."""
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from chassis.http.access import EVERYTHING
from chassis.http.problems import ProblemError
from chassis.support.settings import Settings
from services.gateway.auth.address import developer_mode
from services.gateway.auth.caller import Caller, Identity, Via, caller_of
from services.gateway.auth.sessions import COOKIE, Sessions
from services.gateway.organisation import OrganisationDirectory

MAX_HEADER_BYTES = 8 * 1024  # of Authorization
DEVELOPER = Identity("developer", "developer", "Developer", roles=("admin",), scope=EVERYTHING)
"""The identity of every request without credentials in developer mode; each response carries a warning header."""


class CredentialVerifier(Protocol):
    async def identity(self, token: str) -> Identity: ...


class Authenticator:
    """`keys` and `tokens` raise ProblemError 401 for credentials that are not valid."""

    def __init__(
        self, settings: Settings, sessions: Sessions, directory: OrganisationDirectory, keys: CredentialVerifier,
        tokens: CredentialVerifier | None,
    ) -> None:
        self._settings, self._sessions, self._directory = settings, sessions, directory
        self._keys, self._tokens = keys, tokens

    async def caller(self, headers: Headers) -> Caller | None:
        """None without credentials. Raises ProblemError 401 for invalid ones: they never become an anonymous caller."""
        presented = headers.getlist("authorization")
        if presented:
            return self.resolve(await self._by_header(presented), "header")
        token = session_token(headers)
        if token:
            session = await self._sessions.find(token)
            if session is not None and self._of_this_mode(session.identity):
                return self.resolve(session.identity, "cookie")
        return self.resolve(DEVELOPER, "nothing") if developer_mode(self._settings) else None

    def resolve(self, identity: Identity, via: Via) -> Caller:
        """The identity joined with the employee's record. Raises ProblemError 503 until the directory is loaded."""
        if not self._directory.loaded and (identity.rep_id or identity.login):
            raise ProblemError(503, "starting", "Organisation directory is loading; retry in a few seconds.",
                               headers={"Retry-After": "1"})
        rep_id, roles, principal = identity.rep_id, identity.roles, identity.principal
        employee = self._directory.employees().get(rep_id) if rep_id else None
        if employee is None and identity.login:
            employee = self._directory.by_login(identity.login)
            rep_id = employee.rep_id if employee else None
            principal = rep_id or principal
        if roles is None:
            roles = employee.roles if employee else ()
        own = self._directory.scope(roles, rep_id, identity.scope)
        name = identity.name or (employee.name if employee else None)
        return caller_of(identity, principal, name, tuple(roles), own, rep_id, via)

    def _of_this_mode(self, identity: Identity) -> bool:
        """A developer's session ends when a provider is configured."""
        return (identity.mode == "developer") == developer_mode(self._settings)

    async def _by_header(self, presented: list[str]) -> Identity:
        scheme, _, token = presented[0].partition(" ")
        token = token.strip()
        if len(presented) > 1 or scheme.lower() != "bearer" or not token or len(presented[0]) > MAX_HEADER_BYTES:
            raise unauthenticated("Authorization must be one `Bearer …` of at most 8 KiB.")
        if token.startswith("tk_"):
            return await self._keys.identity(token)
        if self._tokens is None:
            raise unauthenticated("Only API keys are accepted, because no provider is configured.")
        return await self._tokens.identity(token)


def session_token(headers: Headers) -> str | None:
    for name in (f"__Host-{COOKIE}", COOKIE):
        token = cookie_parser(headers.get("cookie", "")).get(name)
        if token:
            return token
    return None


def unauthenticated(detail: str, code: str = "not_signed_in") -> ProblemError:
    return ProblemError(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="triptych"'})
