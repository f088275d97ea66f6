"""What all tests assume: the company's time zone, and the environment of the processes that they start."""
import os
from zoneinfo import ZoneInfo

from chassis.support.clock import OFFSET_VARIABLE

COMPANY_ZONE = ZoneInfo("Europe/Berlin")  # of definitions/calendar.yaml


def clean_environment() -> dict[str, str]:
    """This process's environment without `TRIPTYCH_*`, except the clock that all processes of a test run share."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("TRIPTYCH_") or name == OFFSET_VARIABLE}
