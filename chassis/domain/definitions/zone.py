"""The company's time zone, in which every fact has its local day."""
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.domain.definitions.documents import Definitions
from chassis.domain.definitions.faults import FaultReporter


def company_zone(definitions: Definitions) -> ZoneInfo:
    """`timezone` of `definitions/calendar.yaml`; UTC without one. Raises DefinitionError."""
    calendar = definitions.find("calendar", "calendar")
    named = calendar.body.get("timezone") if calendar else None
    if calendar is None or named is None:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        report = FaultReporter(calendar)
        report.at("timezone").add(
            "bad_timezone", "{value!r} must be an IANA time zone such as Europe/Berlin or Asia/Shanghai", value=named)
        report.raise_if_any()
        raise
