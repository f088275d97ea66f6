"""The gate: an ASGI app around the routes. Nothing behind it is reached without a rule that names it."""
import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.access import NOTHING, Access, seeing
from chassis.http.i18n import language, preferred, speaking
from chassis.http.routing import Problem
from chassis.ports import BusUnavailable, StoreUnavailable
from chassis.support.settings import Settings
from services.gateway.auth.caller import Caller
from services.gateway.auth.identification import Identifier, unauthorised
from services.gateway.middleware import request_policy
from services.gateway.middleware.audit_log import Audit, Entry
from services.gateway.middleware.rate_limit import FAILURES_PER_MINUTE, Buckets
from services.gateway.permissions import PUBLIC, SIGNED_IN
from services.gateway.routes import Rule, methods_of, rule_for

ANSWER_SECONDS = 30.0
ANYBODY = Access("anybody", NOTHING)
STREAMS = frozenset({"/v1/live"})
SAFETY: Mapping[str, str] = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
log = structlog.get_logger()


def _headed(message: Message, case: "Case") -> Message:
    """An answer to HEAD has the headers of the whole, and nothing of it."""
    return {**message, "body": b""} if case.method == "HEAD" and message["type"] == "http.response.body" else message


@dataclass(slots=True)
class Case:
    """One request on its way through the gate, and what is known of it so far."""

    method: str
    path: str
    address: str
    began: float
    rule: Rule | None = None
    caller: Caller | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Gate:
    def __init__(self, app: ASGIApp, settings: Settings, identifier: Identifier, audit: Audit) -> None:
        self.app, self.settings, self.identifier, self.audit = app, settings, identifier, audit
        self.callers, self.failures = Buckets(settings.rate_limit), Buckets(FAILURES_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return
        with speaking(preferred(Headers(scope=scope).get("accept-language"))):
            await self._one(scope, receive, send)

    async def _one(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        case = Case(scope["method"], scope["path"], client[0] if client else "", time.monotonic())
        try:
            inner, body = await self._admitted(scope, receive, case)
        except request_policy.Disconnected:
            return
        except Problem as problem:
            await self._answered(problem, case, scope, receive, send)
            return
        except (StoreUnavailable, BusUnavailable) as error:
            away = Problem(503, "unavailable", str(error), headers={"Retry-After": "1"})
            await self._answered(away, case, scope, receive, send)
            return
        await self._pass(inner, request_policy.replayed(body, receive) if body is not None else receive, send, case)

    # --- in ----------------------------------------------------------------------------------------------------------

    async def _admitted(self, scope: Scope, receive: Receive, case: Case) -> tuple[Scope, bytes | None]:
        """The request as the routes may see it, and its body. Raises Problem with why it may not go on."""
        inner = request_policy.without_ours(scope)
        headers = Headers(scope=inner)
        request_policy.check_target(scope)
        request_policy.check_host(scope, headers, self.settings)
        if case.method not in request_policy.METHODS:
            raise Problem(405, "method_not_allowed", f"{case.method} is not answered here.")
        case.rule = rule_for(case.method, case.path)
        case.caller = await self._caller(headers, case)
        self._count(case)
        rule = self._allowed(case)
        if case.method not in request_policy.SAFE:
            self._check_origin(headers, case)
        body = await self._body(receive, headers, case)
        inner["state"] = {**scope.get("state", {}), "caller": case.caller, "permission": rule.permission}
        if case.method == "HEAD":  # answered as GET is, without what it would have said
            inner["method"] = "GET"
        return inner, body

    async def _caller(self, headers: Headers, case: Case) -> Caller | None:
        if case.rule is not None and case.rule.permission == PUBLIC and not headers.get("cookie"):
            return None
        try:
            return await self.identifier.caller(headers)
        except Problem as problem:
            if problem.status != 401:
                raise
            if case.rule is not None and case.rule.permission == PUBLIC:
                return None
            if not self.failures.take(case.address):  # who has a good one is let in from the same address all the same
                raise self.failures.refusal(case.address, "Too many credentials that did not hold.") from None
            raise

    def _count(self, case: Case) -> None:
        who = case.caller.principal if case.caller else f"address {case.address}"
        if not self.callers.take(who):
            raise self.callers.refusal(who, f"At most {self.settings.rate_limit} requests a minute.")
        case.headers.update(self.callers.headers(who))

    @staticmethod
    def _allowed(case: Case) -> Rule:
        """Deny by default: no rule, no route."""
        rule, caller = case.rule, case.caller
        if rule is None or (case.method == "HEAD" and case.path in STREAMS):
            other = methods_of(case.path) - ({"HEAD"} if case.path in STREAMS else frozenset())
            if other:
                raise Problem(405, "method_not_allowed", f"{case.path} does not answer {case.method}.",
                              headers={"Allow": ", ".join(sorted(other))})
            raise Problem(404, "not_found", f"There is nothing at {case.path}.")
        if rule.permission == PUBLIC:
            return rule
        if caller is None:
            raise unauthorised("Sign in, or send a bearer token or an API key.")
        if rule.permission != SIGNED_IN and not caller.may(rule.permission):
            raise Problem(403, "not_permitted", f"This needs the permission {rule.permission}.",
                          permission=rule.permission)
        return rule

    def _check_origin(self, headers: Headers, case: Case) -> None:
        """A survey's page stands in mails and on other sites' pages; its link is its only authority."""
        if not case.path.startswith("/s/"):
            request_policy.check_origin(headers, case.caller.via if case.caller else "nothing", self.settings)

    @staticmethod
    async def _body(receive: Receive, headers: Headers, case: Case) -> bytes | None:
        if case.method in request_policy.SAFE:
            return None
        batch = case.path == "/v1/events"
        limit = request_policy.BATCH_LIMIT if batch else request_policy.BODY_LIMIT
        body = await request_policy.whole_body(receive, headers, limit)
        if not case.path.startswith("/s/"):
            request_policy.check_type(body, headers)
        request_policy.check_depth(body)
        return body

    # --- out ---------------------------------------------------------------------------------------------------------

    async def _pass(self, scope: Scope, receive: Receive, send: Send, case: Case) -> None:
        assert case.rule is not None
        permission = case.rule.permission if case.rule.permission not in (PUBLIC, SIGNED_IN) else None
        access = case.caller.access(permission) if case.caller else ANYBODY
        begun = False

        async def tell(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                await self._note(case, message["status"])
                self._mark(message, case)
            await send(_headed(message, case))

        try:
            with seeing(access):
                if case.path in STREAMS:
                    await self.app(scope, receive, tell)
                else:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await self.app(scope, receive, tell)
        except TimeoutError:
            if not begun:
                late = Problem(504, "too_slow", f"This took longer than {ANSWER_SECONDS:.0f} s.")
                await self._answered(late, case, scope, receive, send)
        except Exception:
            log.exception("a request failed", method=case.method, path=case.path)
            if not begun:
                await self._answered(Problem(500, "internal", "This is a fault of ours."), case, scope, receive, send)

    async def _answered(self, problem: Problem, case: Case, scope: Scope, receive: Receive, send: Send) -> None:
        await self._note(case, problem.status, problem.code)

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(message, case)
            await send(_headed(message, case))

        await problem.response()(scope, receive, tell)

    def _mark(self, message: Message, case: Case) -> None:
        """Headers that every answer carries; the developer sign-in is told in each of them."""
        headers = MutableHeaders(raw=message["headers"])
        for name, value in {**SAFETY, **case.headers}.items():
            headers.setdefault(name, value)
        if case.path.startswith("/v1/"):
            headers.setdefault("cache-control", "no-store")
            headers.setdefault("content-language", language())
            headers.add_vary_header("Cookie, Authorization, Accept, Accept-Language")
        if case.caller is not None and case.caller.mode == "developer":
            headers["x-triptych-sign-in"] = "developer: no password was asked for"
        message["headers"] = headers.raw

    async def _note(self, case: Case, status: int, code: str | None = None) -> None:
        """Every write, and every refusal for want of a right."""
        writes = case.rule is not None and case.rule.writes and case.method not in request_policy.SAFE
        if not writes and status not in (401, 403, 421, 429):
            return
        await self.audit.note(Entry(
            principal=case.caller.principal if case.caller else None, mode=case.caller.mode if case.caller else None,
            roles=case.caller.roles if case.caller else (), method=case.method, path=case.path,
            permission=case.rule.permission if case.rule else None, status=status, code=code,
            milliseconds=int(1000 * (time.monotonic() - case.began))), case.address)
