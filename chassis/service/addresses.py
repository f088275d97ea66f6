"""Loopback addresses of the services: `TRIPTYCH_FIRST_PORT` plus the offset that each description fixes."""
from chassis.service.discovery import find_service, find_services
from chassis.support.settings import Settings

MANAGEMENT = 1000
"""Distance of a service's management port (`/livez /readyz /startupz /metrics /version`) from its API port."""


def api_port(settings: Settings, service: str) -> int:
    return settings.first_port + find_service(service).port_offset


def management_port(settings: Settings, service: str) -> int:
    return api_port(settings, service) + MANAGEMENT


def worker_port(settings: Settings, n: int) -> int:
    """The management port of the nth additional process (from 1), which shares a service's partitions and has no API.

    These ports follow the management ports of all services.
    """
    return settings.first_port + MANAGEMENT + max(service.port_offset for service in find_services()) + n


def base_url(settings: Settings, service: str) -> str:
    """`TRIPTYCH_<SERVICE>_URL`, else the service's API port on loopback."""
    return settings.service_urls.get(service) or f"http://127.0.0.1:{api_port(settings, service)}"
