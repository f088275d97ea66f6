"""An event type that no service publishes is marked as reserved, in the contracts and in the generated documents."""
import ast
from pathlib import Path

from chassis.messages import asyncapi
from contracts.kinds import BY_NAME
from contracts.topics import ENTERPRISE, TOPICS

SERVICES = Path(__file__).parents[2] / "services"


def constructed_names(service: str) -> set[str]:
    """Names of classes that the code of a service calls."""
    return {
        getattr(call.func, "id", getattr(call.func, "attr", ""))
        for path in (SERVICES / service).rglob("*.py") for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)}


def test_a_service_creates_every_event_that_is_not_reserved_and_none_that_is() -> None:
    owners = {kind: TOPICS[kind.topic].owner for kind in BY_NAME.values() if TOPICS[kind.topic].owner != ENTERPRISE}
    created = {service: constructed_names(service) for service in set(owners.values())}
    for kind, service in owners.items():
        is_created = kind.cls.__name__ in created[service]
        assert is_created != kind.reserved, f"{kind.name}: reserved={kind.reserved}, created in code: {is_created}"


def test_the_event_documentation_names_reserved_events() -> None:
    messages = asyncapi.document()["components"]["messages"]
    assert {name for name, message in messages.items() if "x-reserved" in message} == {
        kind.name for kind in BY_NAME.values() if kind.reserved}
