"""Local days of the index equal those of the zone database."""
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.pipeline.state.index import local_day

ZONES = [ZoneInfo(name) for name in (
    "UTC", "Europe/Berlin", "Asia/Shanghai", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns",
    "Africa/Monrovia", "Pacific/Apia", "Pacific/Chatham", "America/Caracas")]


@given(st.datetimes(datetime(1960, 1, 1), datetime(2090, 1, 1)), st.sampled_from(ZONES), st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_local_day_is_that_of_the_zone(at: datetime, zone: ZoneInfo, source_zone: ZoneInfo) -> None:
    instant = at.replace(tzinfo=UTC)
    expected = instant.astimezone(zone).date().isoformat()
    assert local_day(instant, zone) == expected
    assert local_day(instant.astimezone(source_zone), zone) == expected
