"""ASGI middleware that accepts only requests sealed by this installation's gateway."""
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.http.access.scope import use_access
from chassis.http.access.sealed_identity import HEADER, IdentitySealer, InvalidSeal
from chassis.http.i18n import negotiate_language, use_language
from chassis.http.problems import ProblemError


class SealedIdentityMiddleware:
    """Answers 401 without a valid seal; otherwise runs the request with its caller's access and language."""

    def __init__(self, app: ASGIApp, seal: IdentitySealer, service: str) -> None:
        self.app, self.seal, self.service = app, seal, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            access = self.seal.unseal(
                Headers(scope=scope).get(HEADER, ""), self.service, scope["method"], request_target(scope))
        except InvalidSeal as error:
            problem = ProblemError(
                401, "not_from_the_gateway", f"This port accepts requests from the gateway only; the seal {error}."
            )
            await problem.response()(scope, receive, send)
            return
        with use_access(access), use_language(negotiate_language(Headers(scope=scope).get("accept-language"))):
            await self.app(scope, receive, send)


def request_target(scope: Scope) -> str:
    """Path and query string as received on the wire."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
