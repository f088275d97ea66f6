"""The gateway, put together: no group of the log is its own, and it says what enterprises hand in at its door."""
from chassis.domain.definitions import Definitions
from chassis.service.description import Parts, Service
from services.gateway.organisation import Organisation


def build(definitions: Definitions) -> Parts:
    """Raises DefinitionError when the organisation's seed cannot be meant."""
    Organisation(definitions)
    return Parts()


SERVICE = Service(
    name="gateway",
    purpose="The one public door: events in, requests passed on, operators' questions asked of every service.",
    build=build,
    says=(),
    hears=(),
)
