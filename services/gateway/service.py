"""Composition of the gateway: the public interface of the installation; no consumer group, no aggregates."""
from typing import TYPE_CHECKING

from chassis.domain.definitions import Definitions
from chassis.service.description import PublicInterface, Service, ServiceComponents
from services.gateway.auth.address import listen_address
from services.gateway.organisation import OrganisationDirectory
from services.gateway.permissions import PERMISSIONS
from services.gateway.routes import ROUTES

if TYPE_CHECKING:
    from services.gateway.app import GatewayApp


def build(definitions: Definitions) -> ServiceComponents:
    """Raises DefinitionError when the organisation's definition is invalid."""
    OrganisationDirectory(definitions)
    return ServiceComponents()


def load() -> "type[GatewayApp]":
    from services.gateway.app import GatewayApp  # with its HTTP client and web framework: others do not need them

    return GatewayApp


SERVICE = Service(
    name="gateway",
    title={"en": "Gateway", "zh": "网关"},
    port_offset=5,
    purpose="The public interface: accepts events, forwards requests, and answers operators for all services at once.",
    build=build,
    publishes=(),
    consumes=(),
    permissions=PERMISSIONS,
    routes=ROUTES,
    public=PublicInterface(listen_address, load),
)
