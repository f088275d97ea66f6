"""In front of a service's routes: nobody but this installation's gateway gets past it."""
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.http.access.scope import seeing
from chassis.http.access.sealed_identity import HEADER, BadSeal, Seal
from chassis.http.i18n import preferred, speaking
from chassis.http.routing import Problem


class Guarded:
    """An ASGI app that answers 401 without a valid seal, and else lets the request see what its access allows."""

    def __init__(self, app: ASGIApp, seal: Seal, service: str) -> None:
        self.app, self.seal, self.service = app, seal, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            found = self.seal.open(
                Headers(scope=scope).get(HEADER, ""), self.service, scope["method"], target_of(scope))
        except BadSeal as why:
            problem = Problem(401, "not_from_the_gateway", f"This port answers the gateway only: the seal {why}.")
            await problem.response()(scope, receive, send)
            return
        with seeing(found), speaking(preferred(Headers(scope=scope).get("accept-language"))):
            await self.app(scope, receive, send)


def target_of(scope: Scope) -> str:
    """The path with its query, as it came over the wire."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
