"""Which service answers which path, and what the published language names but this release does not answer."""
import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Lacking:
    methods: frozenset[str]
    pattern: re.Pattern[str]
    capability: str


def _lacking(methods: str, path: str, capability: str) -> Lacking:
    return Lacking(frozenset(methods.split("|")), re.compile(path), capability)


LACKING: tuple[Lacking, ...] = (
    _lacking("GET", r"/v1/events/?", "a cursor feed of events"),
    _lacking("GET|POST|DELETE", r"/v1/webhooks(/.*)?", "webhooks"),
    _lacking("GET", r"/v1/campaigns(/.*)?", "campaigns"),
    _lacking("GET", r"/v1/forecasts(/.*)?", "forecasts"),
    _lacking("GET", r"/v1/anomalies(/.*)?", "anomalies"),
    _lacking("GET", r"/v1/reps(/.*)?", "capability and activity of reps"),
    _lacking("GET", r"/v1/teams(/.*)?", "capability of teams"),
    _lacking("GET", r"/v1/search", "search"),
    _lacking("GET", r"/v1/me", "who is signed in"),
    _lacking("GET", r"/v1/live", "the live stream"),
    _lacking("GET", r"/v1/audit", "the audit of figures"),
)


def owner_of(path: str) -> str | None:
    for beginning, service in OWNERS:
        if path == beginning or path.startswith(beginning + "/"):
            return service
    return None


def lacking(method: str, path: str) -> str | None:
    for entry in LACKING:
        if method in entry.methods and entry.pattern.fullmatch(path):
            return entry.capability
    return None
