"""The public REST face as one OpenAPI document: the gateway's routes and those of the services behind it."""
from pathlib import Path
from typing import Any

from services.gateway.api import gateway_app
from services.gateway.openapi import whole

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.domain.definitions import read_directory
from chassis.runtime.application import Application
from chassis.service.discovery import internal_services
from chassis.support.settings import Settings

DEFINITIONS = Path(__file__).parents[2] / "definitions"


def document() -> dict[str, Any]:
    """As a running system answers at `/openapi.json`; nothing is started for it."""
    settings = Settings()
    definitions = read_directory(DEFINITIONS)
    store, bus = MemoryStore(), MemoryBus()
    services = [Application(s, settings, store, bus, definitions).api().openapi() for s in internal_services()]
    return whole(gateway_app(settings, bus, store, definitions).openapi(), services)
