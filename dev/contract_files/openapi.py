"""The public REST API as one OpenAPI document: the gateway's routes and those of the services behind it."""
from pathlib import Path
from typing import Any

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.domain.definitions import read_directory
from chassis.runtime.application import Application
from chassis.service.discovery import internal_services
from chassis.support.settings import Settings
from services.gateway.api_reference.openapi import public_document
from services.gateway.app import GatewayApp

DEFINITIONS = Path(__file__).parents[2] / "definitions"


def document() -> dict[str, Any]:
    """The document of a running system at `/openapi.json`, without starting one."""
    settings = Settings()
    definitions = read_directory(DEFINITIONS)
    store, bus = MemoryStore(), MemoryBus()
    services = [Application(s, settings, store, bus, definitions).api().openapi() for s in internal_services()]
    return public_document(GatewayApp(settings, bus, store, definitions).asgi.openapi(), services)
