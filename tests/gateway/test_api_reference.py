"""API reference: permissions in the OpenAPI document, pages of routes and events without external resources."""
import re

import pytest
import yaml
from openapi_spec_validator import validate

from chassis.service.access_rules import PUBLIC
from contracts.kinds import BY_NAME
from dev.contract_files import PUBLISHED
from services.gateway.permissions import permission_texts
from services.gateway.routes import rule_for
from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import signed_in_as

pytestmark = pytest.mark.slow


async def test_each_operation_has_its_permission_and_security_schemes(harness: GatewayHarness):
    document = (await harness.client.get("/openapi.json")).json()
    validate(document)
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session"}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            rule = rule_for(method.upper(), path)
            assert rule is not None
            if rule.permission == PUBLIC:
                assert operation["security"] == [] and "x-permission" not in operation
            else:
                assert operation["x-permission"] == rule.permission
                assert {"401", "403", "429"} <= set(operation["responses"])


async def test_the_published_document_equals_the_served_one(harness: GatewayHarness):
    published = yaml.safe_load((PUBLISHED / "openapi.yaml").read_text(encoding="utf-8"))
    assert (await harness.client.get("/openapi.json")).json() == published


@pytest.mark.parametrize("path", ["/docs", "/docs/events"])
async def test_pages_load_no_resource_and_run_no_script(harness: GatewayHarness, path: str):
    page = await harness.client.get(path)
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|<img|<link|src=|url\(|//", page.text.replace("<!doctype", ""))
    assert page.text.count("<details>") == page.text.count("</details>") > 20


async def test_the_page_of_routes_lists_parameters_bodies_and_permissions(harness: GatewayHarness):
    page = (await harness.client.get("/docs")).text
    for text in ("business_line", "expected_close_on", "checklist", "needs deals:write", "needs any sign-in",
                 "needs no sign-in", *permission_texts()):
        assert text in page


async def test_the_page_of_events_lists_every_event(harness: GatewayHarness):
    page = (await harness.client.get("/docs/events")).text
    for name, kind in BY_NAME.items():
        assert (f"<code>{name}</code>" in page) == (".internal." not in kind.topic), name
    assert "lead_id" in page


async def test_every_role_may_read_the_documents(harness: GatewayHarness):
    async with signed_in_as(harness, "analyst") as analyst:
        for path in ("/openapi.json", "/asyncapi.json", "/docs", "/docs/events"):
            assert (await analyst.get(path)).status_code == 200
