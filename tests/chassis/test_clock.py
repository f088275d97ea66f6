"""The clock that all processes share, and the error of a single one."""
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from chassis.support import clock

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
READ = "from chassis.support import clock; print(clock.utc_now().isoformat())"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The machine's clocks, standing at noon until a test moves them."""
    found = SimpleNamespace(at=NOON, monotonic=0)
    monkeypatch.setattr(clock, "time", SimpleNamespace(
        time_ns=lambda: round(found.at.timestamp()) * 10**9, monotonic_ns=lambda: found.monotonic))
    monkeypatch.setattr(clock, "_offset_ns", 0)
    yield found
    clock.skew(None)


def test_the_clock_is_the_machines_unless_it_is_moved(machine: SimpleNamespace) -> None:
    assert clock.utc_now() == NOON
    assert clock.now_ms() == NOON.timestamp() * 1000 and clock.now_seconds() == NOON.timestamp()


def test_today_is_a_day_of_the_zone(machine: SimpleNamespace) -> None:
    machine.at = datetime(2027, 12, 31, 23, 30, tzinfo=UTC)
    assert clock.today() == date(2027, 12, 31)
    assert clock.today(ZoneInfo("Europe/Berlin")) == date(2028, 1, 1)


def test_a_skewed_clock_is_wrong_by_that_much_from_then_on(machine: SimpleNamespace) -> None:
    clock.skew("-300")
    assert clock.utc_now() == NOON - timedelta(seconds=300)
    clock.skew("300@20")
    assert clock.utc_now() == NOON
    machine.monotonic += 20 * 10**9
    assert clock.utc_now() == NOON + timedelta(seconds=300)
    with pytest.raises(ValueError, match="number of seconds"):
        clock.skew("five minutes")
    clock.skew(None)
    assert clock.utc_now() == NOON


@pytest.mark.parametrize(("setting", "offset"), [
    ("", timedelta(0)), ("3600", timedelta(hours=1)), ("-0.5", timedelta(seconds=-0.5)),
    ("2026-05-05T12:00:00+00:00", timedelta(days=1)), ("2026-05-04T12:00:00+02:00", timedelta(hours=-2)),
    ("2026-05-05", timedelta(hours=12)),
])
def test_the_shared_clock_is_moved_by_an_instant_or_by_seconds(
    machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, setting: str, offset: timedelta,
) -> None:
    monkeypatch.setenv(clock.OFFSET_VARIABLE, setting)
    assert clock._shared_offset_ns() == offset / timedelta(microseconds=1) * 1000
    assert float(os.environ[clock.OFFSET_VARIABLE] or 0) == offset.total_seconds()


def test_a_time_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.OFFSET_VARIABLE, "tomorrow")
    with pytest.raises(ValueError, match="TRIPTYCH_CLOCK: 'tomorrow' must be an ISO 8601 instant"):
        clock._shared_offset_ns()


def test_a_process_and_its_children_agree_on_the_time() -> None:
    code = f"{READ}; import subprocess, sys; subprocess.run([sys.executable, '-c', {READ!r}], check=True)"
    done = subprocess.run([sys.executable, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True,
                          env={**os.environ, clock.OFFSET_VARIABLE: "2028-02-29T12:00:00+00:00"})
    first, second = map(datetime.fromisoformat, done.stdout.split())
    assert datetime(2028, 2, 29, 12, tzinfo=UTC) < first < second < datetime(2028, 3, 1, tzinfo=UTC)
