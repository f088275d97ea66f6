"""From the credentials of a request to its caller: one place, whatever the credential."""
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from chassis.http.access import EVERYTHING
from chassis.http.routing import Problem
from chassis.support.settings import Settings
from services.gateway.auth.address import developer_mode
from services.gateway.auth.caller import Caller, Identity, Via, caller_of
from services.gateway.auth.sessions import COOKIE, Sessions
from services.gateway.organisation import Organisation

LONGEST = 8 * 1024  # bytes of an Authorization header
DEVELOPER = Identity("developer", "developer", "Developer", roles=("admin",), scope=EVERYTHING)
"""Whoever works on this machine, where there is no provider: may do everything, and is told so in every answer."""


class Verifier(Protocol):
    async def identity(self, token: str) -> Identity: ...


class Identifier:
    """`keys` and `tokens` raise Problem 401 for what they do not accept."""

    def __init__(
        self, settings: Settings, sessions: Sessions, organisation: Organisation, keys: Verifier,
        tokens: Verifier | None,
    ) -> None:
        self._settings, self._sessions, self._organisation = settings, sessions, organisation
        self._keys, self._tokens = keys, tokens

    async def caller(self, headers: Headers) -> Caller | None:
        """None: nobody is signed in. Raises Problem 401 for a credential that does not hold: never a silent guest."""
        presented = headers.getlist("authorization")
        if presented:
            return self.known(await self._by_header(presented), "header")
        token = session_token(headers)
        if token:
            session = await self._sessions.find(token)
            if session is not None and self._of_this_mode(session.identity):
                return self.known(session.identity, "cookie")
        return self.known(DEVELOPER, "nothing") if developer_mode(self._settings) else None

    def known(self, identity: Identity, via: Via) -> Caller:
        """The identity with what the organisation knows of it. Raises Problem 503 while that is not read yet."""
        if not self._organisation.whole and (identity.rep_id or identity.login):
            raise Problem(503, "starting", "Who works here is still being read.", headers={"Retry-After": "1"})
        rep_id, roles, principal = identity.rep_id, identity.roles, identity.principal
        person = self._organisation.people().get(rep_id) if rep_id else None
        if person is None and identity.login:
            person = self._organisation.by_login(identity.login)
            rep_id = person.rep_id if person else None
            principal = rep_id or principal
        if roles is None:
            roles = person.roles if person else ()
        own = self._organisation.scope(roles, rep_id, identity.scope)
        name = identity.name or (person.name if person else None)
        return caller_of(identity, principal, name, tuple(roles), own, rep_id, via)

    def _of_this_mode(self, identity: Identity) -> bool:
        """A developer's session does not outlive the day on which a provider was set."""
        return (identity.mode == "developer") == developer_mode(self._settings)

    async def _by_header(self, presented: list[str]) -> Identity:
        scheme, _, token = presented[0].partition(" ")
        token = token.strip()
        if len(presented) > 1 or scheme.lower() != "bearer" or not token or len(presented[0]) > LONGEST:
            raise unauthorised("Send one `Authorization: Bearer …` of at most 8 KiB.")
        if token.startswith("tk_"):
            return await self._keys.identity(token)
        if self._tokens is None:
            raise unauthorised("Here API keys are accepted, and no other tokens: no provider is set.")
        return await self._tokens.identity(token)


def session_token(headers: Headers) -> str | None:
    for name in (f"__Host-{COOKIE}", COOKIE):
        found = cookie_parser(headers.get("cookie", "")).get(name)
        if found:
            return found
    return None


def unauthorised(detail: str, code: str = "not_signed_in") -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="triptych"'})
