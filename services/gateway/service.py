"""The gateway, put together: it hears and remembers nothing, and says what enterprises hand in at its door."""
from chassis.definitions import Definitions
from chassis.service import Parts, Service


def build(_definitions: Definitions) -> Parts:
    return Parts()


SERVICE = Service(
    name="gateway",
    purpose="The one public door: events in, requests passed on, operators' questions asked of every service.",
    build=build,
    says=(),
    hears=(),
)
