"""ASGI middleware around all routes: validates, authenticates, limits, authorises and audits each request."""
import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.access import NOTHING, Access, use_access
from chassis.http.i18n import language, negotiate_language, use_language
from chassis.http.problems import ProblemError
from chassis.ports import BusUnavailable, StoreUnavailable
from chassis.service.access_rules import PUBLIC, SIGNED_IN, AccessRule
from chassis.support.settings import Settings
from services.gateway.auth.caller import Caller
from services.gateway.auth.identification import Authenticator, unauthenticated
from services.gateway.middleware import request_policy
from services.gateway.middleware.audit_log import AuditLog, AuditRecord
from services.gateway.middleware.rate_limit import FAILURES_PER_MINUTE, TokenBuckets
from services.gateway.routes import methods_of, rule_for

RESPONSE_SECONDS = 30.0
ANONYMOUS = Access("anybody", NOTHING)
STREAMS = frozenset({"/v1/live"})
SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
AUDITED_STATUSES = (401, 403, 421, 429)
log = structlog.get_logger()


@dataclass(slots=True)
class RequestState:
    """The state of one request in the middleware."""

    method: str
    path: str
    address: str
    began: float
    rule: AccessRule | None = None
    caller: Caller | None = None
    headers: dict[str, str] = field(default_factory=dict)


class RequestMiddleware:
    def __init__(self, app: ASGIApp, settings: Settings, authenticator: Authenticator, audit_log: AuditLog) -> None:
        self.app, self.settings, self.authenticator, self.audit_log = app, settings, authenticator, audit_log
        self.callers, self.failures = TokenBuckets(settings.rate_limit), TokenBuckets(FAILURES_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return
        with use_language(negotiate_language(Headers(scope=scope).get("accept-language"))):
            await self._handle(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        state = RequestState(scope["method"], scope["path"], client[0] if client else "", time.monotonic())
        try:
            inner, body = await self._admit(scope, receive, state)
        except request_policy.ClientDisconnected:
            return
        except ProblemError as problem:
            await self._respond(problem, state, scope, receive, send)
            return
        except (StoreUnavailable, BusUnavailable) as error:
            unavailable = ProblemError(503, "unavailable", str(error), headers={"Retry-After": "1"})
            await self._respond(unavailable, state, scope, receive, send)
            return
        await self._call_app(inner, request_policy.replay_body(body, receive) if body is not None else receive, send,
                             state)

    # --- request -----------------------------------------------------------------------------------------------------

    async def _admit(self, scope: Scope, receive: Receive, state: RequestState) -> tuple[Scope, bytes | None]:
        """(the scope for the routes, the body). Raises ProblemError with the reason for a refusal."""
        inner = request_policy.without_internal_headers(scope)
        headers = Headers(scope=inner)
        request_policy.check_target(scope)
        request_policy.check_host(scope, headers, self.settings)
        if state.method not in request_policy.METHODS:
            raise ProblemError(405, "method_not_allowed", f"Method {state.method} is not supported.")
        state.rule = rule_for(state.method, state.path)
        state.caller = await self._authenticate(headers, state)
        self._limit_rate(state)
        rule = self._authorise(state)
        if state.method not in request_policy.SAFE_METHODS and not rule.capability_url:
            request_policy.check_origin(headers, state.caller.via if state.caller else "nothing", self.settings)
        body = await self._read_body(receive, headers, state, rule)
        inner["state"] = {**scope.get("state", {}), "caller": state.caller, "permission": rule.permission}
        if state.method == "HEAD":  # handled as GET; the body of the response is dropped
            inner["method"] = "GET"
        return inner, body

    async def _authenticate(self, headers: Headers, state: RequestState) -> Caller | None:
        public = state.rule is not None and state.rule.permission == PUBLIC
        if public and not headers.get("cookie"):
            return None
        try:
            return await self.authenticator.caller(headers)
        except ProblemError as problem:
            if problem.status != 401:
                raise
            if public:
                return None
            if not self.failures.take(state.address):  # valid credentials from the same address are still accepted
                raise self.failures.refusal(state.address, "Too many invalid credentials; retry later.") from None
            raise

    def _limit_rate(self, state: RequestState) -> None:
        key = state.caller.principal if state.caller else f"address {state.address}"
        if not self.callers.take(key):
            raise self.callers.refusal(key, f"At most {self.settings.rate_limit} requests a minute are allowed.")
        state.headers.update(self.callers.headers(key))

    @staticmethod
    def _authorise(state: RequestState) -> AccessRule:
        """Deny by default: a path without a rule does not exist."""
        rule, caller = state.rule, state.caller
        if rule is None or (state.method == "HEAD" and state.path in STREAMS):
            others = methods_of(state.path) - ({"HEAD"} if state.path in STREAMS else frozenset())
            if others:
                raise ProblemError(405, "method_not_allowed", f"{state.path} does not support {state.method}.",
                                   headers={"Allow": ", ".join(sorted(others))})
            raise ProblemError(404, "not_found", f"There is nothing at {state.path}.")
        if rule.permission == PUBLIC:
            return rule
        if caller is None:
            raise unauthenticated("Sign in, or send a bearer token or an API key.")
        if rule.permission != SIGNED_IN and not caller.may(rule.permission):
            raise ProblemError(403, "not_permitted", f"This requires the permission {rule.permission}.",
                               permission=rule.permission)
        return rule

    @staticmethod
    async def _read_body(receive: Receive, headers: Headers, state: RequestState, rule: AccessRule) -> bytes | None:
        if state.method in request_policy.SAFE_METHODS:
            return None
        batch = state.path == "/v1/events"
        limit = request_policy.BATCH_LIMIT if batch else request_policy.BODY_LIMIT
        body = await request_policy.read_body(receive, headers, limit)
        if not rule.capability_url:
            request_policy.check_type(body, headers)
        request_policy.check_depth(body)
        return body

    # --- response ----------------------------------------------------------------------------------------------------

    async def _call_app(self, scope: Scope, receive: Receive, send: Send, state: RequestState) -> None:
        assert state.rule is not None
        permission = state.rule.permission if state.rule.permission not in (PUBLIC, SIGNED_IN) else None
        access = state.caller.access(permission) if state.caller else ANONYMOUS
        started = False

        async def send_response(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                await self._audit(state, message["status"])
                self._add_headers(message, state)
            await send(_without_body_for_head(message, state))

        try:
            with use_access(access):
                if state.path in STREAMS:
                    await self.app(scope, receive, send_response)
                else:
                    async with asyncio.timeout(RESPONSE_SECONDS):
                        await self.app(scope, receive, send_response)
        except TimeoutError:
            if not started:
                late = ProblemError(504, "too_slow", f"The request took longer than {RESPONSE_SECONDS:.0f} s.")
                await self._respond(late, state, scope, receive, send)
        except Exception:
            log.exception("request failed", method=state.method, path=state.path)
            if not started:
                failure = ProblemError(500, "internal", "Internal error; the log of the gateway has the details.")
                await self._respond(failure, state, scope, receive, send)

    async def _respond(
        self, problem: ProblemError, state: RequestState, scope: Scope, receive: Receive, send: Send,
    ) -> None:
        await self._audit(state, problem.status, problem.code)

        async def send_response(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(message, state)
            await send(_without_body_for_head(message, state))

        await problem.response()(scope, receive, send_response)

    def _add_headers(self, message: Message, state: RequestState) -> None:
        """Headers of every response; in developer mode with a warning."""
        headers = MutableHeaders(raw=message["headers"])
        for name, value in {**SECURITY_HEADERS, **state.headers}.items():
            headers.setdefault(name, value)
        if state.path.startswith("/v1/"):
            headers.setdefault("cache-control", "no-store")
            headers.setdefault("content-language", language())
            headers.add_vary_header("Cookie, Authorization, Accept, Accept-Language")
        if state.caller is not None and state.caller.mode == "developer":
            headers["x-triptych-sign-in"] = "developer: no password required"
        message["headers"] = headers.raw

    async def _audit(self, state: RequestState, status: int, code: str | None = None) -> None:
        """Records every write, and every request that was refused for its credentials, permissions or rate."""
        writes = state.rule is not None and state.rule.audited and state.method not in request_policy.SAFE_METHODS
        if not writes and status not in AUDITED_STATUSES:
            return
        caller, rule = state.caller, state.rule
        await self.audit_log.record(AuditRecord(
            principal=caller.principal if caller else None, mode=caller.mode if caller else None,
            roles=caller.roles if caller else (), method=state.method, path=state.path,
            permission=rule.permission if rule else None, status=status, code=code,
            milliseconds=int(1000 * (time.monotonic() - state.began))), state.address)


def _without_body_for_head(message: Message, state: RequestState) -> Message:
    """A response to HEAD has the headers of GET and no body."""
    return {**message, "body": b""} if state.method == "HEAD" and message["type"] == "http.response.body" else message
