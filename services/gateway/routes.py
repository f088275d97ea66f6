"""The gateway's own routes, and the access table of all services: owner and permission of every public path."""
import re
from dataclasses import dataclass
from functools import lru_cache

from chassis.service.access_rules import PUBLIC, SIGNED_IN, AccessRule, allow
from chassis.service.discovery import find_services, internal_services

ROUTES: tuple[AccessRule, ...] = (
    allow("GET", "/v1/sign-in", PUBLIC),
    allow("POST", "/v1/sign-in/developer", PUBLIC),
    allow("GET", "/v1/sign-in/start", PUBLIC),
    allow("GET", "/v1/sign-in/callback", PUBLIC),
    allow("POST", "/v1/sign-out", PUBLIC, audited=False),
    allow("GET", "/v1/me", SIGNED_IN),
    allow("GET", "/v1/search", SIGNED_IN),  # each kind of record in the result requires its own permission
    allow("GET", "/v1/live", SIGNED_IN),  # each channel requires its own permission
    allow("POST", "/v1/events", "events:write"),
    allow("GET", "/v1/events", "events:read"),
    allow("GET|POST|DELETE", "/v1/webhooks{*}", "webhooks:write"),
    allow("GET", "/v1/forecasts/{}", "figures:read"),
    allow("GET", "/v1/campaigns{*}", "campaigns:read"),
    allow("GET", "/v1/anomalies{*}", "figures:read"),
    allow("GET", "/v1/reps{*}", "people:read"),
    allow("GET", "/v1/teams{*}", "people:read"),
    allow("GET", "/v1/dead-letters{*}", "operate:read"),
    allow("POST", "/v1/dead-letters/replay", "operate:write"),
    allow("POST", "/v1/dead-letters/{}/replay", "operate:write"),
    allow("POST", "/v1/dead-letters/{}/discard", "operate:write"),
    allow("GET", "/v1/lag", "operate:read"),
    allow("GET", "/v1/health", "operate:read"),
    allow("GET", "/v1/definitions", "definitions:read"),
    allow("GET", "/v1/audit", "audit:read"),
    allow("GET", "/openapi.json", SIGNED_IN),
    allow("GET", "/asyncapi.json", SIGNED_IN),
    allow("GET", "/docs{*}", SIGNED_IN),
)
CONSOLE = allow("GET", "/{*}", PUBLIC)
"""The console's files contain no data: without a sign-in they show the sign-in page."""


@lru_cache(maxsize=1)
def access_rules() -> tuple[AccessRule, ...]:
    """The rules of all services. Paths without a rule are denied, so a new route is unreachable until it has one."""
    return tuple(rule for service in find_services() for rule in service.routes)


def rule_for(method: str, path: str) -> AccessRule | None:
    """The first rule that matches. HEAD has the rule of GET; other paths than those of the API are the console's."""
    method = "GET" if method == "HEAD" else method
    for rule in access_rules():
        if method in rule.methods and rule.matches(path):
            return rule
    return CONSOLE if method == "GET" and not _belongs_to_api(path) else None


@lru_cache(maxsize=1)
def capability_prefixes() -> tuple[str, ...]:
    """Beginnings of the paths whose last segment is a credential."""
    return tuple(sorted({rule.prefix for rule in access_rules() if rule.capability_url}))


def is_capability_url(path: str) -> bool:
    return path.startswith(capability_prefixes())


def _belongs_to_api(path: str) -> bool:
    prefixes = ("/v1/", *capability_prefixes())
    return path.startswith(prefixes) or f"{path}/" in prefixes


def methods_of(path: str) -> frozenset[str]:
    """The methods that a path supports; HEAD wherever GET is."""
    methods = frozenset().union(*(rule.methods for rule in access_rules() if rule.matches(path)))
    return methods | {"HEAD"} if "GET" in methods else methods


def owner_of(path: str, method: str = "GET") -> str | None:
    """The name of the internal service that answers this path; None for the gateway's own paths and unknown ones."""
    method = "GET" if method == "HEAD" else method
    for service in internal_services():
        if any(method in rule.methods and rule.matches(path) for rule in service.routes):
            return service.name
    return None


def is_forwarded(path: str) -> bool:
    """Whether an internal service answers this path, by any method."""
    return any(rule.matches(path) for service in internal_services() for rule in service.routes)


# --- announced, not in this release ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnavailableCapability:
    """Paths that a later release will serve: answered with 501 and the name of the capability."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    capability: str


def _unavailable(methods: str, path: str, capability: str) -> UnavailableCapability:
    return UnavailableCapability(frozenset(methods.split("|")), re.compile(path), capability)


UNAVAILABLE: tuple[UnavailableCapability, ...] = (
    _unavailable("GET|POST|DELETE", r"/v1/webhooks(/.*)?", "webhooks"),
    _unavailable("GET", r"/v1/campaigns(/.*)?", "campaigns"),
    _unavailable("GET", r"/v1/forecasts(/.*)?", "forecasts"),
    _unavailable("GET", r"/v1/anomalies(/.*)?", "anomalies"),
    _unavailable("GET", r"/v1/reps/[^/]+/.+", "capability and activity of reps"),
    _unavailable("GET", r"/v1/teams(/.*)?", "capability of teams"),
)


def unavailable_capability(method: str, path: str) -> str | None:
    for entry in UNAVAILABLE:
        if method in entry.methods and entry.pattern.fullmatch(path):
            return entry.capability
    return None
