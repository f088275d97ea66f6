"""Run in a copy with the service recipe: the new service works behind the gateway, and every list contains it."""
from pathlib import Path

import typer.testing

from chassis.runtime.host import consumer_groups_by_topic
from chassis.service.addresses import api_port, worker_port
from chassis.service.discovery import find_service, internal_names
from chassis.support.clock import utc_now
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from services.gateway.permissions import granted_by_role, permission_texts
from services.gateway.routes import owner_of, rule_for
from tests.gateway.harness import gateway_harness
from tools.cli import app

NAME = "greetings"


def test_ports_topics_routes_permissions_and_command_line_know_the_service() -> None:
    settings, offset = Settings(), find_service(NAME).port_offset
    assert NAME in internal_names() and TOPICS["crm.greetings.v1"].owner == NAME
    assert api_port(settings, NAME) == settings.first_port + offset
    assert worker_port(settings, 1) > settings.first_port + 1000 + offset
    rule = rule_for("GET", "/v1/greetings/C1")
    assert owner_of("/v1/greetings/C1") == NAME and rule is not None and rule.permission == "greetings:read"
    assert permission_texts()["greetings:read"] == "Greetings of customers"
    granted = {role for role, permissions in granted_by_role().items() if "greetings:read" in permissions}
    assert granted == {"rep", "manager", "director", "marketer", "admin"}
    assert f"triptych.{NAME}" in consumer_groups_by_topic()["crm.customers.v1"]
    assert NAME in typer.testing.CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output


async def test_the_service_answers_behind_the_gateway(tmp_path: Path) -> None:
    registered = {
        "specversion": "1.0", "type": "crm.customer.registered.v1", "source": "/crm", "id": "C1",
        "time": utc_now().isoformat(), "data": {"customer_id": "C1", "name": "Acme"}}
    async with gateway_harness("memory", tmp_path) as harness:
        assert (await harness.client.get("/v1/greetings/C1")).status_code == 404
        assert (await harness.publish(registered, registered)).status_code in (200, 202)
        greeting = await harness.client.get("/v1/greetings/C1")
        assert greeting.json() == {"customer_id": "C1", "text": "Welcome, Acme!"}
        feed = (await harness.client.get("/v1/events", params={"types": "crm.customer.greeted.v1"})).json()
        assert [event["data"] for event in feed["items"]] == [greeting.json()]
        assert NAME in (await harness.client.get("/v1/lag")).json()["services"]
