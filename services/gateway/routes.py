"""Which service answers which path, what permission each route asks for, and what this release does not answer."""
import re
from dataclasses import dataclass

from services.gateway.permissions import PUBLIC, SIGNED_IN

OWNERS: tuple[tuple[str, str], ...] = (
    ("/v1/leads", "lead_scoring"),
    ("/v1/activities", "lead_scoring"),
    ("/v1/opportunities", "pipeline"),
    ("/v1/business-lines", "pipeline"),
    ("/v1/blueprints", "pipeline"),
    ("/v1/funnels", "pipeline"),
    ("/v1/worklist", "pipeline"),
    ("/v1/actions", "pipeline"),
    ("/v1/customers", "segmentation"),
    ("/v1/segments", "segmentation"),
    ("/v1/surveys", "surveys"),
    ("/v1/issues", "surveys"),
    ("/s", "surveys"),
    ("/v1/kpis", "kpi"),
    ("/v1/boards", "kpi"),
    ("/v1/targets", "kpi"),
)
"""Longest common beginning of whole path segments; a service answers 501 itself for what it lacks below its own."""
READERS = {"/v1/activities": "kpi"}
"""Paths that one service writes and another one reads: activities are told to whom they are about, and counted."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`writes`: the route changes something, so it is told to the audit log whatever comes of it."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    permission: str
    writes: bool


def _rule(methods: str, path: str, permission: str, *, writes: bool | None = None) -> Rule:
    """`{}` stands for one segment, `{*}` for any number of them."""
    named = frozenset(methods.split("|"))
    text = re.escape(path).replace(r"\{\*\}", "(?:/.*)?").replace(r"\{\}", "[^/]+")
    changing = named != {"GET"} if writes is None else writes
    return Rule(named, re.compile(text), permission, changing)


RULES: tuple[Rule, ...] = (
    _rule("GET", "/v1/sign-in", PUBLIC),
    _rule("POST", "/v1/sign-in/developer", PUBLIC),
    _rule("GET", "/v1/sign-in/start", PUBLIC),
    _rule("GET", "/v1/sign-in/callback", PUBLIC),
    _rule("POST", "/v1/sign-out", PUBLIC, writes=False),
    _rule("GET", "/v1/me", SIGNED_IN),
    _rule("GET", "/v1/search", SIGNED_IN),  # each kind of record that is found asks for its own permission
    _rule("GET", "/v1/live", SIGNED_IN),  # each channel asks for its own permission
    _rule("POST", "/v1/events", "events:write"),
    _rule("GET", "/v1/events", "events:read"),
    _rule("GET|POST|DELETE", "/v1/webhooks{*}", "webhooks:write"),
    _rule("GET", "/v1/leads{*}", "leads:read"),
    _rule("POST", "/v1/leads", "leads:write"),
    _rule("PATCH", "/v1/leads/{}", "leads:write"),
    _rule("POST", "/v1/leads/{}/convert", "leads:write"),
    _rule("GET", "/v1/activities", "activities:read"),
    _rule("POST", "/v1/activities", "activities:write"),
    _rule("GET", "/v1/opportunities{*}", "deals:read"),
    _rule("POST", "/v1/opportunities", "deals:write"),
    _rule("POST", "/v1/opportunities/transitions", "deals:write"),
    _rule("PATCH", "/v1/opportunities/{}", "deals:write"),
    _rule("POST", "/v1/opportunities/{}/transitions", "deals:write"),
    _rule("POST", "/v1/actions/{}/complete", "deals:write"),
    _rule("GET", "/v1/worklist", "deals:read"),
    _rule("GET", "/v1/business-lines{*}", "process:read"),
    _rule("GET", "/v1/blueprints{*}", "process:read"),
    _rule("GET", "/v1/funnels/{}", "figures:read"),
    _rule("GET", "/v1/forecasts/{}", "figures:read"),
    _rule("GET", "/v1/customers{*}", "customers:read"),
    _rule("GET", "/v1/segments/{}/members", "customers:read"),  # by name: figures stay without people
    _rule("GET", "/v1/segments{*}", "segments:read"),
    _rule("POST", "/v1/segments/recompute", "segments:write"),
    _rule("GET", "/v1/campaigns{*}", "campaigns:read"),
    _rule("GET", "/v1/surveys/{}/invitations", "surveys:write"),  # they carry the links by which one answers
    _rule("POST", "/v1/surveys/{}/invitations", "surveys:write"),
    _rule("GET", "/v1/surveys{*}", "surveys:read"),
    _rule("GET", "/v1/issues{*}", "issues:read"),
    _rule("POST", "/v1/issues/{}/resolve", "issues:write"),
    _rule("GET", "/v1/kpis{*}", "figures:read"),
    _rule("POST", "/v1/kpis/query", "figures:read", writes=False),
    _rule("GET", "/v1/boards{*}", "figures:read"),
    _rule("GET", "/v1/targets/{}", "figures:read"),
    _rule("GET", "/v1/targets/{}/attainment", "figures:read"),
    _rule("PUT", "/v1/targets/{}", "targets:write"),
    _rule("POST", "/v1/targets/solve", "figures:read", writes=False),
    _rule("GET", "/v1/anomalies{*}", "figures:read"),
    _rule("GET", "/v1/reps{*}", "people:read"),
    _rule("GET", "/v1/teams{*}", "people:read"),
    _rule("GET", "/v1/dead-letters{*}", "operate:read"),
    _rule("POST", "/v1/dead-letters/replay", "operate:write"),
    _rule("POST", "/v1/dead-letters/{}/replay", "operate:write"),
    _rule("POST", "/v1/dead-letters/{}/discard", "operate:write"),
    _rule("GET", "/v1/lag", "operate:read"),
    _rule("GET", "/v1/health", "operate:read"),
    _rule("GET", "/v1/definitions", "definitions:read"),
    _rule("GET", "/v1/audit", "audit:read"),
    _rule("GET", "/openapi.json", SIGNED_IN),
    _rule("GET", "/asyncapi.json", SIGNED_IN),
    _rule("GET", "/docs{*}", SIGNED_IN),
    _rule("GET|POST", "/s/{}", PUBLIC, writes=True),
)
"""The first that fits counts. What no rule names is not there: a new route without a rule cannot be reached."""


def rule_for(method: str, path: str) -> Rule | None:
    asked = "GET" if method == "HEAD" else method
    for rule in RULES:
        if asked in rule.methods and rule.pattern.fullmatch(path):
            return rule
    if asked == "GET" and not (path == "/v1" or path.startswith(("/v1/", "/s/"))):
        return CONSOLE
    return None


CONSOLE = Rule(frozenset({"GET"}), re.compile(".*"), PUBLIC, False)
"""The console's own files hold no data: whoever is not signed in sees its sign-in page."""


def methods_of(path: str) -> frozenset[str]:
    """What may be asked of a path at all; where GET is answered, HEAD is too."""
    found = frozenset().union(*(rule.methods for rule in RULES if rule.pattern.fullmatch(path)))
    return found | {"HEAD"} if "GET" in found else found


@dataclass(frozen=True, slots=True)
class Lacking:
    methods: frozenset[str]
    pattern: re.Pattern[str]
    capability: str


def _lacking(methods: str, path: str, capability: str) -> Lacking:
    return Lacking(frozenset(methods.split("|")), re.compile(path), capability)


LACKING: tuple[Lacking, ...] = (
    _lacking("GET|POST|DELETE", r"/v1/webhooks(/.*)?", "webhooks"),
    _lacking("GET", r"/v1/campaigns(/.*)?", "campaigns"),
    _lacking("GET", r"/v1/forecasts(/.*)?", "forecasts"),
    _lacking("GET", r"/v1/anomalies(/.*)?", "anomalies"),
    _lacking("GET", r"/v1/reps/[^/]+/.+", "capability and activity of reps"),
    _lacking("GET", r"/v1/teams(/.*)?", "capability of teams"),
)


def owner_of(path: str, method: str = "GET") -> str | None:
    if method in ("GET", "HEAD") and path in READERS:
        return READERS[path]
    for beginning, service in OWNERS:
        if path == beginning or path.startswith(beginning + "/"):
            return service
    return None


def lacking(method: str, path: str) -> str | None:
    for entry in LACKING:
        if method in entry.methods and entry.pattern.fullmatch(path):
            return entry.capability
    return None
