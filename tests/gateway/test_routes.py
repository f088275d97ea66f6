"""Routes of the public API: each is served or is a 501 with the missing capability; other paths are a 404."""
import re
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from chassis.service.discovery import internal_names
from dev.contract_files import PUBLISHED
from services.gateway.api_reference import routes as reference_routes
from services.gateway.api_reference.openapi import merge
from services.gateway.routes import UNAVAILABLE, access_rules, owner_of, rule_for, unavailable_capability
from tests.gateway.harness import GatewayHarness

pytestmark = pytest.mark.slow

PUBLIC_ROUTES = """
POST /v1/events · GET /v1/events?types=a&after=b&limit=1
GET /v1/webhooks · POST /v1/webhooks · DELETE /v1/webhooks/x
GET /v1/leads?business_line=software&grade=A&sort=-score · GET /v1/leads/x · GET /v1/leads/x/score
POST /v1/leads · PATCH /v1/leads/x · POST /v1/leads/x/convert
GET /v1/opportunities?business_line=software&pipeline=software&stage=won&rep_id=r1 · POST /v1/opportunities
GET /v1/opportunities/x · PATCH /v1/opportunities/x · GET /v1/opportunities/x/history · GET /v1/opportunities/board
GET /v1/opportunities/x/transitions · POST /v1/opportunities/x/transitions · POST /v1/opportunities/transitions
POST /v1/activities · GET /v1/activities · POST /v1/actions/x/complete
GET /v1/worklist?rep_id=x
GET /v1/business-lines · GET /v1/business-lines/software/layout · GET /v1/blueprints · GET /v1/blueprints/software
GET /v1/blueprints/software?version=1 · GET /v1/blueprints/software/diagram
GET /v1/customers · GET /v1/customers/x · GET /v1/customers/x?as_of=2026-03-01 · GET /v1/segments
GET /v1/segments/lost/members · GET /v1/segments/lost/members?as_of=2026-03-01 · GET /v1/segments/rfm/matrix
GET /v1/campaigns · GET /v1/campaigns/x
POST /v1/surveys/after_win/invitations · GET /v1/surveys/after_win/results?from=2026-01-01&to=2026-02-01&by=region
GET /v1/issues · POST /v1/issues/x/resolve · GET /s/x · POST /s/x
GET /v1/kpis · POST /v1/kpis/query · GET /v1/kpis/win_rate?from=2026-01-01&to=2026-02-01&grain=month&by=region
GET /v1/kpis/visits?period=2026-01&where=region:West&compare=previous
GET /v1/kpis/visits?known_at=2026-01-01T00:00:00Z · GET /v1/kpis/visits/records · GET /v1/kpis/visits/explain
GET /v1/boards · GET /v1/boards/revenue?period=2026-01&compare=year · GET /v1/boards/activities
GET /v1/boards/pipeline · GET /v1/boards/satisfaction · GET /v1/boards/health · GET /v1/boards/targets
GET /v1/funnels/software?from=2026-01-01&to=2026-02-01&mode=cohort · GET /v1/funnels/software?mode=throughput
GET /v1/forecasts/software?period=2026-01&by=category
GET /v1/targets/2026 · PUT /v1/targets/2026 · GET /v1/targets/2026/attainment · POST /v1/targets/solve
GET /v1/anomalies?status=open · GET /v1/reps · GET /v1/reps/x/capability · GET /v1/reps/x/activity
GET /v1/teams/x/capability
GET /v1/search?q=x · GET /v1/me · GET /v1/live?channels=opportunities
GET /v1/dead-letters · POST /v1/dead-letters/x/replay · GET /v1/lag · GET /v1/audit · GET /v1/definitions
GET /v1/health · GET /openapi.json · GET /docs · GET /asyncapi.json · GET /
"""
ROUTES = [entry.strip() for line in PUBLIC_ROUTES.strip().splitlines() for entry in line.split(" · ")]
STREAMS = {"/v1/live"}  # a stream does not end


@pytest.mark.parametrize("route", ROUTES)
async def test_a_public_route_is_served_or_is_a_501_with_the_missing_capability(
    route: str, harness: GatewayHarness,
) -> None:
    method, target = route.split(" ")
    path = target.partition("?")[0]
    if path in STREAMS:
        assert unavailable_capability(method, path) or path in (await openapi_document(harness))["paths"]
        return
    response = await harness.client.request(method, target, json={} if method in ("POST", "PUT", "PATCH") else None)
    if path == "/":
        html = "text/html" in response.headers["content-type"]
        assert response.status_code == 200 or html or "console" in response.text
        return
    if response.status_code >= 500:
        problem = response.json()
        assert response.status_code == 501, response.text
        assert problem["code"] == "not_in_this_release" and problem["capability"], problem
        assert problem["capability"] in problem["detail"]
        return
    assert "/v1/boards/" not in path or response.status_code == 200, "the board is not shipped"
    assert path.startswith(("/v1/", "/s/")) or response.status_code == 200, route
    if response.status_code >= 400 and path.startswith("/v1"):
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json"
        assert not problem.get("detail", "").startswith("There is nothing at"), f"{route} does not exist"
        assert response.status_code != 405, f"{route}: {problem}"
        assert {"type", "title", "status", "code", "errors"} <= set(problem)


async def test_unknown_paths_are_a_404_and_unknown_methods_a_405(harness: GatewayHarness) -> None:
    for path in ("/v1/nothing", "/v1", "/v1/leadsx", "/s"):
        assert (await harness.client.get(path)).status_code == 404, path
    for method, path in (("DELETE", "/v1/leads/x"), ("PUT", "/v1/opportunities/x"), ("DELETE", "/v1/lag")):
        response = await harness.client.request(method, path)
        assert response.status_code == 405 and response.headers["content-type"] == "application/problem+json", path


def test_every_missing_capability_has_an_access_rule() -> None:
    """Without a rule the gateway responds 404 instead of the 501 with the missing capability."""
    for entry in UNAVAILABLE:
        plain = entry.pattern.pattern.replace("/?", "").replace("(/.*)?", "").replace("[^/]+", "x").replace(".+", "x")
        assert entry.pattern.fullmatch(plain), plain
        for method in entry.methods:
            assert rule_for(method, plain) or rule_for(method, f"{plain}/x"), (method, plain)


@pytest.mark.parametrize(("path", "service"), [
    ("/v1/leads", "lead_scoring"), ("/v1/leads/x/score", "lead_scoring"), ("/v1/leadsx", None), ("/s/x", "surveys"),
    ("/v1/activities", "kpi"),
    ("/sx", None), ("/v1/opportunities/board", "pipeline"), ("/v1", None), ("", None),
])
def test_a_path_belongs_to_the_service_of_its_prefix(path: str, service: str | None) -> None:
    assert owner_of(path) == service


@pytest.mark.parametrize("path", ["/", "/assets/none.js", "/process/board", "/docs", "/docs/events", "/v1/me",
                                  "/openapi.json", "/asyncapi.json", "/v1/leads", "/v1/leads/unknown", "/s/none",
                                  "/v1/nothing"])
async def test_head_has_the_headers_of_get_without_a_body(harness: GatewayHarness, path: str) -> None:
    head, full = await harness.client.head(path), await harness.client.get(path)
    assert (head.status_code, head.content) == (full.status_code, b"") and full.content
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers.get(name) == full.headers.get(name), name


async def test_head_of_a_stream_is_a_405(harness: GatewayHarness) -> None:
    response = await harness.client.head("/v1/live?channels=opportunities")
    assert response.status_code == 405 and response.headers["allow"] == "GET"


# --- the document ----------------------------------------------------------------------------------------------------


async def openapi_document(harness: GatewayHarness) -> dict[str, Any]:
    found: dict[str, Any] = (await harness.client.get("/openapi.json")).json()
    return found


async def test_the_merged_openapi_document_is_valid_and_operation_ids_are_unique(harness: GatewayHarness) -> None:
    document = await openapi_document(harness)
    validate(document)
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values() if "operationId" in op]
    assert len(ids) == len(set(ids)) > 40


async def test_every_operation_of_the_document_has_a_rule_and_is_available(
    harness: GatewayHarness,
) -> None:
    for path, item in (await openapi_document(harness))["paths"].items():
        example = re.sub(r"\{[^}]+\}", "x", path)
        for method in item:
            assert rule_for(method.upper(), example), f"{method} {path} has no rule, so the gateway refuses it"
            assert not unavailable_capability(method.upper(), example), f"{method} {path} is a 501"


async def test_every_rule_has_an_operation_or_a_missing_capability(harness: GatewayHarness) -> None:
    """A rule without a route is a permission that is never checked."""
    paths = (await openapi_document(harness))["paths"]
    served = {(m.upper(), re.sub(r"\{[^}]+\}", "x", p)) for p, item in paths.items() for m in item}
    reference = reference_routes.router({}, harness.gateway.proxy).routes  # not in the document
    own = {(m, re.sub(r"\{[^}]+\}", "x", getattr(r, "path", ""))) for r in (*harness.gateway.asgi.routes, *reference)
           for m in getattr(r, "methods", None) or ()}
    for rule in access_rules():
        if "sign" in rule.path:
            continue  # the redirects of the browser sign-in are not in the document
        for method in rule.methods:
            named = {p for m, p in served | own if m == method and p != "/x"}
            missing = (method in e.methods and _same_prefix(rule.path, e.pattern.pattern) for e in UNAVAILABLE)
            assert any(rule.matches(p) for p in named) or any(missing), (method, rule.path)


def _same_prefix(rule: str, entry: str) -> bool:
    def first(pattern: str) -> str:
        return pattern.removeprefix("/v1/").split("/")[0].split("(")[0].split("{")[0]

    return first(rule) == first(entry)


async def test_the_page_of_routes_lists_all_and_loads_no_external_resource(harness: GatewayHarness) -> None:
    page = await harness.client.get("/docs")
    for path, item in (await openapi_document(harness))["paths"].items():
        for method in item:
            assert f"{method.upper()} {path}<" in page.text
    assert not re.search(r"<script|<img|src=|url\(|//", page.text.replace("<!doctype", ""))
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_served_asyncapi_document_equals_the_published_one(harness: GatewayHarness) -> None:
    published = yaml.safe_load((PUBLISHED / "asyncapi.yaml").read_text("utf-8"))
    assert (await harness.client.get("/asyncapi.json")).json() == published


def test_different_schemas_with_the_same_name_are_kept_separate() -> None:
    def document(path: str, kind: str) -> dict[str, Any]:
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}}
        return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
                "paths": {path: {"post": {"requestBody": body, "responses": {"200": {"description": "x"}}}}},
                "components": {"schemas": {"Body": {"type": kind}}}}

    own = document("/v1/events", "array")
    merged = merge(own, [document("/v1/leads", "object"), document("/v1/kpis", "array"), document("/v1/x", "null")])
    validate(merged)
    schemas = merged["components"]["schemas"]

    def schema_type(path: str) -> str:
        ref = merged["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        kind: str = schemas[ref.rpartition("/")[2]]["type"]
        return kind

    assert [schema_type(p) for p in ("/v1/events", "/v1/leads", "/v1/kpis")] == ["array", "object", "array"]
    assert "/v1/x" not in merged["paths"], "a path without an owner is not published"


def test_every_service_owns_a_public_route() -> None:
    owners = {owner_of(re.sub(r"\{\*?\}", "x", rule.path),
                       method) for rule in access_rules() for method in rule.methods}
    assert owners - {None} == set(internal_names())


def test_the_published_readme_names_the_missing_capabilities() -> None:
    text = (PUBLISHED / "README.md").read_text("utf-8").partition("501")[2]
    for entry in UNAVAILABLE:
        assert entry.capability.removesuffix("s").split(" of ")[0].split()[0] in text, entry.capability
