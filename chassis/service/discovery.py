"""Finds the installed services: every package below `services` with a `service` module, which holds its `SERVICE`."""
import importlib
import importlib.util
import pkgutil
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from chassis.support.errors import ActionableError

if TYPE_CHECKING:  # names are cheap: no service, and nothing that services are made of, is imported for them
    from chassis.service.description import Service

PACKAGE = "services"


class UnknownService(ActionableError):
    """No installed service has this name."""


@lru_cache(maxsize=1)
def service_names() -> tuple[str, ...]:
    """All names, sorted. Imports no service."""
    found = pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__)
    return tuple(sorted(m.name for m in found if m.ispkg and importlib.util.find_spec(f"{PACKAGE}.{m.name}.service")))


@cache
def find_service(name: str) -> "Service":
    """The description of one service; imports that service only. Raises UnknownService."""
    if name not in service_names():
        raise UnknownService(f"service {name!r} does not exist;", f"services are {', '.join(service_names())}.")
    service: Service = importlib.import_module(f"{PACKAGE}.{name}.service").SERVICE
    return service


@lru_cache(maxsize=1)
def find_services() -> "tuple[Service, ...]":
    """All services in the order of their ports. Raises ValueError when two have the same ports."""
    found = sorted(map(find_service, service_names()), key=lambda service: service.port_offset)
    taken = [offset for offset, n in Counter(s.port_offset for s in found).items() if n > 1]
    if taken:
        raise ValueError(f"port_offset must be unique: {[s.name for s in found if s.port_offset in taken]}")
    return tuple(found)


@lru_cache(maxsize=1)
def internal_services() -> "tuple[Service, ...]":
    """All services that are reached through the public one, in the order of their ports."""
    return tuple(service for service in find_services() if service.public is None)


@lru_cache(maxsize=1)
def internal_names() -> tuple[str, ...]:
    return tuple(service.name for service in internal_services())
